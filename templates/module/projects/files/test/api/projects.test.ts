import { describe, expect, it } from 'vitest';
import { useWorld } from './world.ts';

interface Project {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}
interface Page {
  readonly items: Project[];
  readonly nextCursor: string | null;
}

const world = useWorld();

const create = async (name: string): Promise<Project> =>
  (await world.asAcme.post<Project>('/v1/projects', { name })).body;

describe('POST /v1/projects', () => {
  it('creates a project and says where it is', async () => {
    const { status, headers, body } = await world.asAcme.post<Project>('/v1/projects', { name: ' Rocket ' });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v1/projects/${body.id}`);
    expect(headers.get('etag')).toBe('"1"');
    expect(body).toMatchObject({ name: 'Rocket', version: 1 });
    expect(body).not.toHaveProperty('tenant_id');
  });

  it.each([
    ['no name', {}],
    ['an empty name', { name: ' ' }],
    ['a name that is too long', { name: 'x'.repeat(201) }],
    ['a NUL in the name', { name: 'a\0b' }],
    ['half a surrogate pair in the name', '{"name":"\\ud800"}'],
    ['a tenant of its own', { name: 'x', tenant_id: '00000000-0000-4000-8000-000000000001' }],
    ['a version', { name: 'x', version: 7 }],
  ])('refuses %s', async (_, body) => {
    const answer = await world.asAcme.post('/v1/projects', body);
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('GET /v1/projects/:id', () => {
  it('answers 304 when the client has the version', async () => {
    const { id } = await create('Cached');
    expect((await world.asAcme.get(`/v1/projects/${id}`, { 'if-none-match': '"1"' })).status).toBe(304);
    expect((await world.asAcme.get(`/v1/projects/${id}`, { 'if-none-match': '"2"' })).status).toBe(200);
  });

  it("answers for another tenant's project as for one that never was", async () => {
    const { id } = await create('Secret');
    const foreign = await world.asGlobex.get(`/v1/projects/${id}`);
    const unknown = await world.asGlobex.get('/v1/projects/01890000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    // The control: it is there, for its own tenant.
    expect((await world.asAcme.get(`/v1/projects/${id}`)).status).toBe(200);
  });

  it('answers 404 for an id that cannot be one', async () => {
    expect((await world.asAcme.get('/v1/projects/1')).status).toBe(404);
  });
});

describe('PATCH and DELETE /v1/projects/:id', () => {
  it('changes the version that the client has read, and no other', async () => {
    const { id } = await create('Draft');
    const changed = await world.asAcme.patch<Project>(`/v1/projects/${id}`, { name: 'Final' }, { 'if-match': '"1"' });
    expect(changed.body).toMatchObject({ name: 'Final', version: 2 });
    expect((await world.asAcme.patch(`/v1/projects/${id}`, { name: 'Late' }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await world.asAcme.delete(`/v1/projects/${id}`, { 'if-match': '"1"' })).status).toBe(412);
    expect((await world.asAcme.delete(`/v1/projects/${id}`, { 'if-match': '"2"' })).status).toBe(204);
    expect((await world.asAcme.delete(`/v1/projects/${id}`)).status).toBe(404);
  });

  it("leaves another tenant's project as it is", async () => {
    const { id } = await create('Untouched');
    expect((await world.asGlobex.patch(`/v1/projects/${id}`, { name: 'Taken' })).status).toBe(404);
    expect((await world.asGlobex.delete(`/v1/projects/${id}`)).status).toBe(404);
    expect((await world.asAcme.get<Project>(`/v1/projects/${id}`)).body.name).toBe('Untouched');
  });
});

describe('GET /v1/projects', () => {
  it.each(['createdAt', '-createdAt', 'name', '-name'])('walks through every project once, by %s', async (sort) => {
    const names = ['Walk b', 'walk A', 'Walk é', 'Walk c', 'walk d'];
    for (const name of names) await create(name);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await world.asAcme.get<Page>(`/v1/projects?q=WALK&limit=2&sort=${sort}${cursor}`);
      expect(status).toBe(200);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length % names.length).toBe(0);
    for (const id of seen) await world.asAcme.delete(`/v1/projects/${id}`);
  });

  it('finds beginnings without regard to case, and nothing of another tenant', async () => {
    await create('Zeppelin 100%');
    await world.asGlobex.post('/v1/projects', { name: 'Zeppelin of globex' });
    const { body } = await world.asAcme.get<Page>('/v1/projects?q=zEPPELIN%20100%25');
    expect(body.items.map(({ name }) => name)).toEqual(['Zeppelin 100%']);
    expect((await world.asAcme.get<Page>('/v1/projects?q=eppelin')).body.items).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=x',
    'sort=tenant_id',
    'cursor=x',
    `cursor=${btoa('["name","a","b"]')}`,
    `cursor=${btoa('["-createdAt","0000-01-01T00:00:00Z","01890000-0000-7000-8000-000000000000"]')}`,
    'q=%00',
  ])('refuses %s', async (query) => {
    expect((await world.asAcme.get(`/v1/projects?${query}`)).status).toBe(400);
  });

  it('goes on behind the longest name there can be', async () => {
    const name = `ctl${'\u0001'.repeat(190)}x`;
    for (const _ of [1, 2]) await create(name);
    const list = '/v1/projects?q=ctl&sort=name&limit=1';
    const { nextCursor } = (await world.asAcme.get<Page>(list)).body;
    expect((await world.asAcme.get<Page>(`${list}&cursor=${nextCursor}`)).body.items).toHaveLength(1);
  });

  it('refuses a cursor of another sort', async () => {
    await create('One');
    await create('Two');
    const { body } = await world.asAcme.get<Page>('/v1/projects?limit=1');
    expect((await world.asAcme.get(`/v1/projects?limit=1&sort=name&cursor=${body.nextCursor}`)).status).toBe(400);
  });
});
