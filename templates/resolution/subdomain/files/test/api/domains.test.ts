import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { challengeOf } from '../../src/platform/domains/rules.ts';
import { resumeTenant, suspendTenant } from '../../src/platform/tenants.ts';
import { startApplication } from '../setup/application.ts';
import { records } from '../setup/external/dns.ts';
import { withClient } from '../setup/database.ts';
import type { ApiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

interface Domain {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly verifiedAt: string | null;
}

const world = useWorld();
afterEach(() => records.clear());

let count = 0;
const newName = (): string => `shop-${(count += 1)}.example`;

const add = async (by: ApiClient, name: string): Promise<Domain> => {
  const { status, body } = await by.post<Domain>('/v1/domains', { name });
  expect(status).toBe(201);
  return body;
};
const verify = async (by: ApiClient, { id }: Domain) => await by.post<Domain>(`/v1/domains/${id}/verify`);
const publish = ({ name }: Domain, ...values: string[]) => records.set(challengeOf(name), values);

/** What a tenant's owner gets on a host. */
const statusOn = async (tenant: 'acme' | 'globex', host: string): Promise<number> =>
  (await world.asNobody.get('/v1/members', { ...credentials(world[tenant]), 'x-forwarded-host': host })).status;

const proved = async (by: ApiClient, name: string): Promise<Domain> => {
  const domain = await add(by, name);
  publish(domain, domain.token);
  expect((await verify(by, domain)).status).toBe(200);
  return domain;
};

describe('a domain', () => {
  it('names its tenant from its proof to its end, and nobody else', async () => {
    const domain = await add(world.asAcme, newName());
    expect(domain.verifiedAt).toBeNull();
    expect(await statusOn('acme', domain.name)).toBe(404);

    publish(domain, domain.token);
    const verified = await verify(world.asAcme, domain);
    expect(verified.body.verifiedAt).not.toBeNull();
    expect(verified.headers.get('etag')).toBe('"2"');
    expect(await statusOn('acme', domain.name)).toBe(200);
    expect(await statusOn('acme', `${domain.name.toUpperCase()}.:443`)).toBe(200);
    expect(await statusOn('globex', domain.name)).toBe(404);

    expect((await world.asAcme.delete(`/v1/domains/${domain.id}`)).status).toBe(204);
    expect(await statusOn('acme', domain.name)).toBe(404);
  });

  it('is not proved by a record that is missing, that is another, or that is not alone', async () => {
    const domain = await add(world.asAcme, newName());
    expect((await verify(world.asAcme, domain)).status).toBe(409);
    publish(domain, 'another');
    expect((await verify(world.asAcme, domain)).status).toBe(409);
    publish(domain, domain.token, 'another');
    expect((await verify(world.asAcme, domain)).status).toBe(409);
    expect(await statusOn('acme', domain.name)).toBe(404);
  });

  it('waits for name servers that do not answer', async () => {
    const domain = await add(world.asAcme, newName());
    for (const code of ['ETIMEOUT', 'ECANCELLED', 'ESERVFAIL']) {
      records.set(challengeOf(domain.name), Object.assign(new Error('no answer'), { code }));
      const { status, headers } = await verify(world.asAcme, domain);
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('30');
    }
  });

  it('belongs to who proved it last', async () => {
    const name = newName();
    await proved(world.asAcme, name);
    expect(await statusOn('acme', name)).toBe(200);
    const theirs = await proved(world.asGlobex, name);
    expect([await statusOn('acme', name), await statusOn('globex', name)]).toEqual([404, 200]);

    await withClient(world.database.platformUrl, (client) => suspendTenant(client, 'globex'));
    expect([await statusOn('acme', name), await statusOn('globex', name)]).toEqual([200, 404]);
    await withClient(world.database.platformUrl, (client) => resumeTenant(client, 'globex'));

    await world.asGlobex.delete(`/v1/domains/${theirs.id}`);
    expect([await statusOn('acme', name), await statusOn('globex', name)]).toEqual([200, 404]);
  });

  it('is added once by a tenant, and tells nobody of the others', async () => {
    const name = newName();
    await add(world.asAcme, name);
    expect((await world.asAcme.post('/v1/domains', { name: `${name.toUpperCase()}.` })).status).toBe(409);
    const { token } = await add(world.asGlobex, name);
    expect(token).toMatch(/^[\w-]{32}$/);
  });

  it('is kept as it travels', async () => {
    const { name } = await proved(world.asAcme, 'Bücher.Example.');
    expect(name).toBe('xn--bcher-kva.example');
    expect(await statusOn('acme', name)).toBe(200);
  });

  it.each([
    'localhost',
    'globex.localhost',
    'a.b.localhost',
    'intranet',
    '127.0.0.1',
    '0x7f.1',
    '::1',
    '[::1]',
    '*.example.com',
    'example.com:80',
    'https://example.com',
    'a b.example.com',
    '-a.example.com',
    `${'a'.repeat(64)}.example.com`,
    'nul\0.example.com',
    '',
  ])('is not %j', async (name) => {
    const { status, body } = await world.asAcme.post('/v1/domains', { name });
    expect(status).toBe(422);
    expect(body['errors']).toMatchObject([{ field: 'name' }]);
  });
});

describe('GET /tls/ask', () => {
  let verified: Domain;
  let unproved: Domain;
  beforeAll(async () => {
    verified = await proved(world.asAcme, newName());
    unproved = await add(world.asAcme, newName());
  });

  const ask = async (query: string): Promise<number> => (await world.asNobody.get(`/tls/ask${query}`)).status;

  it('allows certificates for what an active tenant answers at', async () => {
    for (const host of ['acme.localhost', 'ACME.localhost', 'localhost', verified.name])
      expect(await ask(`?domain=${host}`), host).toBe(200);
  });

  it('refuses any other', async () => {
    const others = ['nobody.localhost', 'x.acme.localhost', unproved.name, 'example.com', '127.0.0.1', '[::1]', ''];
    for (const host of others) expect(await ask(`?domain=${host}`), host).toBe(404);
    expect(await ask('')).toBe(404);
    expect(await ask('?domain=acme.localhost&domain=acme.localhost')).toBe(404);
    await withClient(world.database.platformUrl, (client) => suspendTenant(client, 'globex'));
    expect(await ask('?domain=globex.localhost')).toBe(404);
    await withClient(world.database.platformUrl, (client) => resumeTenant(client, 'globex'));
  });

  it('tells a client nothing who asks by way of the proxy', async () => {
    for (const name of ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via']) {
      const passedOn = await world.asNobody.get('/tls/ask?domain=acme.localhost', { [name]: '203.0.113.9' });
      expect(passedOn.status, name).toBe(404);
    }
  });

  it('answers a trusted proxy only, so that nobody learns which tenants there are', async () => {
    const application = await startApplication({ ...world.database.environment, TRUSTED_PROXIES: '192.0.2.1' });
    try {
      const asked = async (path: string) => {
        const response = await fetch(`${application.url}${path}`, { headers: { 'x-request-id': 'same' } });
        return { status: response.status, body: await response.text() };
      };
      const nothing = await asked('/nothing/here');
      expect(nothing.status).toBe(404);
      for (const host of ['acme.localhost', 'localhost', verified.name, 'nobody.localhost'])
        expect(await asked(`/tls/ask?domain=${host}`), host).toEqual(nothing);
    } finally {
      await application.close();
    }
  });
});
