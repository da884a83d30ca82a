import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreatedTenant } from '../../src/platform/tenants.ts';
import { sources } from '../../src/tenancy/sources.ts';
import { type Caller, createCaller, type Headers } from '../isolation/http/client.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { useWorld } from './world.ts';

const world = useWorld();

/** Applications that trust no proxy, and one that trusts us. */
let direct: Caller;
let behind: Caller;
let application: RunningApplication;

beforeAll(async () => {
  application = await startApplication({ ...world.database.environment, TRUSTED_PROXIES: '' });
  direct = createCaller(application.url);
  behind = createCaller(world.application.url);
});
afterAll(async () => {
  direct?.close();
  behind?.close();
  await application?.close();
});

const apiKey = ({ apiKey }: CreatedTenant): Headers => (apiKey === null ? {} : { 'x-api-key': apiKey });
const token = ({ token }: CreatedTenant): Headers => (token === null ? {} : { authorization: `Bearer ${token}` });
const credential = (tenant: CreatedTenant): Headers => ({ ...token(tenant), ...apiKey(tenant) });

const list = async (headers: Headers, caller = direct) =>
  await caller.send({ method: 'GET', path: '/v1/members', headers });
const asAcme = async (host: string | readonly string[], more: Headers = {}, caller = direct) =>
  await list({ ...credential(world.acme), host, ...more }, caller);

const notFound = { type: 'about:blank', title: 'Not found', status: 404, requestId: expect.any(String) as string };

/** Where the host alone names tenants, a host without a tenant has nothing to show. */
const onPublicHost = sources.some((source) => source !== 'host') ? 200 : 401;

describe('the host of a tenant', () => {
  it('is part of what a new tenant is told', () => {
    expect(world.acme.host).toBe('acme.localhost');
  });

  it.each(['acme.localhost', 'ACME.LocalHost', 'acme.localhost.', 'acme.localhost:3000', 'acme.localhost.:3000'])(
    'names it as %j',
    async (host) => {
      const { status, text } = await asAcme(host);
      expect(status).toBe(200);
      expect(text).toContain('owner@acme');
    },
  );

  it.each([
    ['another tenant', 'globex.localhost'],
    ['another tenant, spelled otherwise', 'GLOBEX.localhost.:80'],
    ['nobody', 'nobody.localhost'],
    ['something below it', 'x.acme.localhost'],
    ['another domain', 'acme.example.com'],
    ['a single label', 'acme'],
    ['two dots at the end', 'acme.localhost..'],
    ['no label', '.localhost'],
    ['letters that are no ASCII', 'acmé.localhost'],
    ['punycode that is none', 'xn--\u00e9.localhost'],
    ['punycode of nobody', 'xn--acm-dma.localhost'],
    ['a port that is none', 'acme.localhost:http'],
    ['two in one', 'acme.localhost, globex.localhost'],
    ['an address that is none', '[::1'],
  ])('is the same 404 when it names %s', async (_, host) => {
    const { status, body } = await asAcme(host);
    expect({ status, body }).toEqual({ status: 404, body: notFound });
  });

  it.each(['localhost', 'LOCALHOST.:3000', '127.0.0.1', '127.0.0.1:3000', '[::1]:3000', ''])(
    'is left open by %j',
    async (host) => {
      expect((await asAcme(host)).status).toBe(onPublicHost);
    },
  );

  it('is refused when there are two', async () => {
    expect((await asAcme(['acme.localhost', 'acme.localhost'])).status).toBe(400);
    expect((await asAcme(['acme.localhost', 'globex.localhost'])).status).toBe(400);
  });

  it('tells nothing to who has no credential, or a bad one', async () => {
    const hosts = ['acme.localhost', 'nobody.localhost', 'localhost', 'example.com', ['acme.localhost', 'localhost']];
    for (const headers of [{}, { authorization: 'Bearer nonsense', 'x-api-key': 'nonsense' }]) {
      const answers = await Promise.all(hosts.map((host) => list({ ...headers, host })));
      for (const { status, essence } of answers) {
        expect(status).toBe(401);
        expect(essence).toBe(answers[0]?.essence);
      }
    }
  });
});

describe('X-Forwarded-Host', () => {
  it('means nothing when anybody sends it', async () => {
    const { status, text } = await asAcme('acme.localhost', { 'x-forwarded-host': 'globex.localhost' });
    expect(status).toBe(200);
    expect(text).toContain('owner@acme');
    expect((await asAcme('globex.localhost', { 'x-forwarded-host': 'acme.localhost' })).status).toBe(404);
  });

  it('takes the place of Host when a trusted proxy sends it', async () => {
    const sent = (host: string, forwarded: string | readonly string[]) =>
      asAcme(host, { 'x-forwarded-host': forwarded }, behind);
    expect((await sent('proxy.internal', 'acme.localhost')).status).toBe(200);
    expect((await sent('globex.localhost', 'acme.localhost')).status).toBe(200);
    expect((await sent('acme.localhost', 'globex.localhost')).status).toBe(404);
    expect((await asAcme('acme.localhost', {}, behind)).status).toBe(200);
    for (const several of [['acme.localhost', 'acme.localhost'], 'acme.localhost, acme.localhost'])
      expect((await sent('acme.localhost', several)).body).toEqual(notFound);
  });
});

describe('credentials and host', () => {
  const tenants = ['none', 'acme', 'globex'] as const;
  const cases = tenants.flatMap((key) => tenants.flatMap((bearer) => tenants.map((host) => ({ key, bearer, host }))));

  it.each(cases)('key of $key, token of $bearer, host of $host', async ({ key, bearer, host }) => {
    const of = (name: (typeof tenants)[number], make: (tenant: CreatedTenant) => Headers): Headers =>
      name === 'none' ? {} : make(world[name]);
    const sent = { ...of(key, apiKey), ...of(bearer, token) };
    const named = new Set([
      ...('x-api-key' in sent ? [key] : []),
      ...('authorization' in sent ? [bearer] : []),
      ...(host === 'none' ? [] : [host]),
    ]);
    const { status } = await list({ ...sent, host: host === 'none' ? 'localhost' : `${host}.localhost` });
    const anybody = Object.keys(sent).length > 0 && (host !== 'none' || onPublicHost === 200);
    expect(status).toBe(anybody ? (named.size === 1 ? 200 : 404) : 401);
  });
});
