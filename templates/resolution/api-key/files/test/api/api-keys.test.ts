import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { resumeTenant, suspendTenant } from '../../src/platform/tenants.ts';
import { startApplication } from '../setup/application.ts';
import { apiClient } from './client.ts';
import { useWorld } from './world.ts';

interface Key {
  readonly id: string;
  readonly token: string;
  readonly issuedBy: readonly string[];
}

const world = useWorld();

const issue = async (body: object): Promise<Key> => (await world.asAcme.post<Key>('/v1/api-keys', body)).body;
const as = ({ token }: { readonly token: string }) => apiClient(world.application.url, { 'x-api-key': token });

describe('an API key', () => {
  it('is shown once, and works until it is revoked', async () => {
    const key = await issue({ name: 'CI' });
    expect(key.token).toMatch(/^sk_[0-9a-f]{32}\.[\w-]{43}$/);
    expect((await as(key).get('/v1/projects')).status).toBe(200);
    expect((await world.asAcme.get(`/v1/api-keys/${key.id}`)).body).not.toHaveProperty('token');
    expect((await world.asAcme.delete(`/v1/api-keys/${key.id}`)).status).toBe(204);
    expect((await as(key).get('/v1/projects')).status).toBe(401);
    expect((await world.asAcme.post(`/v1/api-keys/${key.id}/rotate`)).status).toBe(409);
  });

  it('tells who issued it', async () => {
    const first = await issue({ name: 'From the owner', role: 'admin' });
    const second = await as(first).post<Key>('/v1/api-keys', { name: 'From that key' });
    expect(second.body.issuedBy).toEqual([`apiKey ${first.id}`]);
    const { body } = await world.asAcme.get<{ items: Key[] }>('/v1/api-keys?sort=createdAt');
    expect(body.items.find(({ issuedBy }) => issuedBy.length === 0)).toMatchObject({ name: 'First key' });
    expect(body.items.find(({ id }) => id === first.id)?.issuedBy).toEqual(first.issuedBy);
    expect(first.issuedBy).not.toEqual([]);
  });

  it('gets a new secret by rotation, and the old one ends', async () => {
    const key = await issue({ name: 'Rotated' });
    const { body } = await world.asAcme.post<Key>(`/v1/api-keys/${key.id}/rotate`);
    expect(body.id).toBe(key.id);
    expect((await as(key).get('/v1/projects')).status).toBe(401);
    expect((await as(body).get('/v1/projects')).status).toBe(200);
  });

  it('is told to nobody but who asked for it', async () => {
    const { headers } = await world.asAcme.post('/v1/api-keys', { name: 'Once' });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is the same key when its id is written in capitals', async () => {
    const key = await issue({ name: 'Loud' });
    const { body } = await world.asAcme.post<Key>(`/v1/api-keys/${key.id.toUpperCase()}/rotate`);
    expect((await as(body).get('/v1/projects')).status).toBe(200);
  });

  it('ends at once where it is revoked, however long it is trusted', async () => {
    const application = await startApplication({ ...world.database.environment, CREDENTIAL_CACHE_SECONDS: '60' });
    try {
      const key = await issue({ name: 'Remembered' });
      const [user, owner] = [key.token, world.acme.apiKey ?? ''].map((token) =>
        apiClient(application.url, { 'x-api-key': token }),
      );
      expect((await user?.get('/v1/projects'))?.status).toBe(200);
      expect((await owner?.delete(`/v1/api-keys/${key.id.toUpperCase()}`))?.status).toBe(204);
      expect((await user?.get('/v1/projects'))?.status).toBe(401);
    } finally {
      await application.close();
    }
  });

  it.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-12:00', 'tomorrow'])(
    'cannot expire at %s',
    async (expiresAt) => {
      expect((await world.asAcme.post('/v1/api-keys', { name: 'Never', expiresAt })).status).toBe(422);
      expect((await world.asAcme.get('/v1/api-keys')).status).toBe(200);
    },
  );

  it('takes every offset that a moment can be written with', async () => {
    const { body } = await world.asAcme.post('/v1/api-keys', { name: 'x', expiresAt: '2099-01-01T00:00:00+23:59' });
    expect(body['expiresAt']).toBe('2098-12-31T00:01:00.000Z');
  });

  it('ends when it expires', async () => {
    const end = Date.now() + 3000;
    const key = await issue({ name: 'Short', expiresAt: new Date(end).toISOString() });
    expect((await as(key).get('/v1/projects')).status).toBe(200);
    await new Promise((done) => setTimeout(done, end - Date.now() + 100));
    expect((await as(key).get('/v1/projects')).status).toBe(401);
  });

  it('can be narrowed to scopes', async () => {
    const key = await issue({ name: 'Reader', role: 'owner', scopes: ['read'] });
    expect((await as(key).get('/v1/projects')).status).toBe(200);
    expect((await as(key).post('/v1/projects', { name: 'x' })).status).toBe(403);
    expect((await as(key).get('/v1/api-keys')).status).toBe(403);
  });

  it('issues no key that may do more than itself', async () => {
    const admin = await issue({ name: 'Admin', role: 'admin' });
    expect((await as(admin).post('/v1/api-keys', { name: 'x', role: 'owner' })).status).toBe(403);
    const owner = await issue({ name: 'Owner', role: 'owner' });
    expect((await as(admin).post(`/v1/api-keys/${owner.id}/rotate`)).status).toBe(403);
    const narrow = await issue({ name: 'Narrow', role: 'admin', scopes: ['manage'] });
    expect((await as(narrow).post('/v1/api-keys', { name: 'x', role: 'viewer', scopes: [] })).status).toBe(403);
    expect((await as(narrow).post('/v1/api-keys', { name: 'x', role: 'viewer', scopes: ['manage'] })).status).toBe(201);
  });

  it('notes when it was last used', async () => {
    const key = await issue({ name: 'Noted' });
    await as(key).get('/v1/projects');
    await expect
      .poll(
        async () => (await world.asAcme.get<{ lastUsedAt: string | null }>(`/v1/api-keys/${key.id}`)).body.lastUsedAt,
      )
      .not.toBeNull();
  });

  it('is refused with 401 when it is not one', async () => {
    const { token } = await issue({ name: 'Real' });
    const wrong = [
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      `${token}x`,
      'sk_1.2',
      `${token}, ${token}`,
      'x'.repeat(5000),
    ];
    for (const text of wrong)
      expect((await as({ token: text }).get('/v1/projects')).status, text.slice(0, 80)).toBe(401);
  });

  it('of a suspended tenant gets the 404 of a tenant that does not exist', async () => {
    const client = new pg.Client({ connectionString: world.database.platformUrl });
    await client.connect();
    try {
      await suspendTenant(client, 'globex');
      expect((await world.asGlobex.get('/v1/projects')).status).toBe(404);
      await resumeTenant(client, 'globex');
      expect((await world.asGlobex.get('/v1/projects')).status).toBe(200);
    } finally {
      await client.end();
    }
  });
});
