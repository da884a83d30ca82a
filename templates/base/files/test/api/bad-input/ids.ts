import { post, type Row, type Stage, type Theme } from '../bad-input.ts';

const ids: [what: string, id: string | ((stage: Stage) => string)][] = [
  ['of nothing', '01890000-0000-7000-8000-000000000000'],
  ['of another tenant', ({ foreignMember }) => foreignMember],
  ['of another tenant, in capitals', ({ foreignMember }) => foreignMember.toUpperCase()],
  ['of the tenant', ({ world }) => world.acme.tenantId],
  ['that is nil', '00000000-0000-0000-0000-000000000000'],
  ['that is a number', '1'],
  ['that is negative', '-1'],
  ['that is null', 'null'],
  ['in braces', ({ member }) => `%7B${member}%7D`],
  ['without hyphens', ({ member }) => member.replaceAll('-', '')],
  ['with a blank', ({ member }) => `${member}%20`],
  ['with a NUL', ({ member }) => `${member}%00`],
  ['with a line break', ({ member }) => `${member}%0a`],
  ['with a slash, encoded', ({ member }) => `${member}%2f`],
  ['with SQL', ({ member }) => `${member}'%20or%20true--`],
  ['that is two', ({ member }) => `${member},${member}`],
  ['that is a path', '..%2f..%2fhealthz'],
  ['of 8,000 characters', 'x'.repeat(8000)],
  ['that is an emoji', '%F0%9F%92%A9'],
];

const pathOf = (id: string | ((stage: Stage) => string), stage: Stage) =>
  `/v1/members/${typeof id === 'string' ? id : id(stage)}`;

export const theme: Theme = {
  rows: [
    ...ids.flatMap(([what, id]): Row[] => [
      { what: `reads an id ${what}`, request: (stage) => ({ path: pathOf(id, stage) }), status: 404 },
      {
        what: `deletes an id ${what}`,
        request: (stage) => ({ method: 'DELETE', path: pathOf(id, stage) }),
        status: 404,
      },
      {
        what: `changes an id ${what}`,
        request: (stage) => ({ ...post(pathOf(id, stage), { role: 'viewer' }), method: 'PATCH' }),
        status: 404,
      },
    ]),
    {
      what: 'changes an id of another tenant to what is not valid',
      request: (stage) => ({ ...post(pathOf(stage.foreignMember, stage), { role: 'none' }), method: 'PATCH' }),
      status: 422,
      errors: { role: 'is none of the allowed values' },
    },
    {
      what: 'takes the last owner away',
      request: (stage) => ({ method: 'DELETE', path: pathOf(stage.member, stage) }),
      status: 409,
      detail: 'A tenant keeps at least one owner.',
    },
    {
      what: 'a subject that is a member already',
      request: post('/v1/members', { subject: 'owner@acme', role: 'viewer' }),
      status: 409,
      detail: 'There is one like this already.',
    },
  ],
};
