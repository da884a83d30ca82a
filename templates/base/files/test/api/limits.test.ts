import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { rateWindowMs } from '../../src/http/tenant-limits.ts';
import { createMemoryCounter } from '../../src/http/window-counter.ts';
import { limitTenant } from '../../src/platform/tenants.ts';
import { type ApplicationSteps, applicationSteps } from '../../src/steps.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { startApplication } from '../setup/application.ts';
import { countBlocked } from '../setup/blocked.ts';
import { withClient } from '../setup/database.ts';
import { placeUrls } from '../setup/places.ts';
import { apiClient, type ApiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();

interface Clients {
  readonly url: string;
  readonly acme: ApiClient;
  readonly globex: ApiClient;
}

/** A process of its own, so that what it counted belongs to one test. */
async function withLimits(
  environment: Record<string, string>,
  work: (clients: Clients) => Promise<void>,
): Promise<void> {
  // On a clock that stands still no minute ends in the middle of a test.
  const counter = createMemoryCounter(rateWindowMs, () => 0);
  const limitTenants: ApplicationSteps['limitTenants'] = (defaults) => applicationSteps.limitTenants(defaults, counter);
  const steps = { ...applicationSteps, limitTenants };
  const application = await startApplication({ ...world.database.environment, ...environment }, { steps });
  const { url } = application;
  try {
    await work({
      url,
      acme: apiClient(url, credentials(world.acme)),
      globex: apiClient(url, credentials(world.globex)),
    });
  } finally {
    await application.close();
  }
}

const limitAcme = (limits: Parameters<typeof limitTenant>[2]) =>
  withClient(world.database.platformUrl, (client) => limitTenant(client, 'acme', limits));

describe('the requests of a minute', () => {
  it('are counted by tenant, and told in every answer', async () => {
    await withLimits({ TENANT_REQUESTS_PER_MINUTE: '3' }, async ({ acme, globex }) => {
      const statuses = [];
      for (const wanted of ['"tenant";r=2', '"tenant";r=1', '"tenant";r=0', '"tenant";r=0']) {
        const { status, headers } = await acme.get('/v1/members');
        statuses.push(status);
        expect(headers.get('ratelimit-policy')).toBe('"tenant";q=3;w=60');
        expect(headers.get('ratelimit')).toContain(wanted);
      }
      expect(statuses).toEqual([200, 200, 200, 429]);
      const refused = await acme.get('/v1/members');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.body).toMatchObject({ type: 'about:blank', title: 'Too many requests', status: 429 });
      expect((await globex.get('/v1/members')).status).toBe(200);
    });
  });

  it('are not used up by who has no credential of the tenant', async () => {
    await withLimits({ TENANT_REQUESTS_PER_MINUTE: '1' }, async ({ url, acme }) => {
      for (let n = 0; n < 3; n++) expect((await apiClient(url).get('/v1/members')).status).toBe(401);
      expect((await acme.get('/v1/members')).status).toBe(200);
    });
  });

  it('may be others for one tenant', async () => {
    await limitAcme({ requestsPerMinute: 1 });
    await withLimits({}, async ({ acme, globex }) => {
      expect([(await acme.get('/v1/members')).status, (await acme.get('/v1/members')).status]).toEqual([200, 429]);
      expect([(await globex.get('/v1/members')).status, (await globex.get('/v1/members')).status]).toEqual([200, 200]);
    });
    await limitAcme({ requestsPerMinute: null });
    await withLimits({}, async ({ acme }) => {
      expect([(await acme.get('/v1/members')).status, (await acme.get('/v1/members')).status]).toEqual([200, 200]);
    });
  });
});

interface Lock {
  /** How many wait for it. */
  readonly waiting: () => Promise<number>;
  readonly unlock: () => Promise<void>;
}

/** Works while nobody gets at a table of either tenant: one that they share, or one of each. */
async function whileLocked(table: string, work: (lock: Lock) => Promise<void>): Promise<void> {
  const tables = new Map<string, { url: string; name: string }>();
  for (const { tenantId } of [world.acme, world.globex]) {
    const [{ adminUrl: url }, name] = [await placeUrls(world.database, tenantId), tenantTable(tenantId, table)];
    tables.set(`${url} ${name}`, { url, name });
  }
  const admins = [...tables.values()].map(({ url, name }) => ({ admin: new pg.Client(url), name }));
  try {
    for (const { admin, name } of admins) {
      await admin.connect();
      await admin.query(`begin; lock table ${name} in access exclusive mode`);
    }
    await work({
      waiting: async () => {
        const counts = await Promise.all(admins.map(({ admin }) => countBlocked(admin)));
        return counts.reduce((sum, count) => sum + count, 0);
      },
      unlock: async () => void (await Promise.all(admins.map(({ admin }) => admin.query('commit')))),
    });
  } finally {
    await Promise.all(admins.map(({ admin }) => admin.end()));
  }
}

describe('the requests that run at once', () => {
  it('are bounded for a tenant, and not by those of another', async () => {
    await withLimits({ TENANT_CONCURRENT_REQUESTS: '2' }, async ({ acme, globex }) => {
      for (const client of [acme, globex]) expect((await client.get('/v1/members')).status).toBe(200);
      await whileLocked('idempotency_keys', async ({ waiting, unlock }) => {
        const keyed = (client: ApiClient, key: string) =>
          client.post('/v1/members', { subject: key, role: 'viewer' }, { 'idempotency-key': key });
        const running = [keyed(acme, 'one'), keyed(acme, 'two'), keyed(globex, 'one')];
        await expect.poll(waiting).toBe(3);
        const refused = await acme.get('/v1/members');
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
        expect((await globex.get('/v1/members')).status).toBe(200);
        await unlock();
        expect((await Promise.all(running)).map(({ status }) => status)).toEqual([201, 201, 201]);
        expect((await acme.get('/v1/members')).status).toBe(200);
      });
    });
  });

  it('are counted down when clients go away', async () => {
    await withLimits({ TENANT_CONCURRENT_REQUESTS: '1' }, async ({ url, acme }) => {
      for (let n = 0; n < 5; n++) {
        const { hostname, port } = new URL(url);
        const socket = connect(Number(port), hostname);
        const headers = Object.entries(credentials(world.acme)).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(
          `POST /v1/members HTTP/1.1\r\nhost: a\r\n${headers.join('')}content-type: application/json\r\ncontent-length: 9\r\n\r\n`,
        );
        await new Promise((done) => setTimeout(done, 50));
        socket.destroy();
        await new Promise((done) => setTimeout(done, 50));
        expect((await acme.get('/v1/members')).status).toBe(200);
      }
    });
  });
});

describe('the size of a body', () => {
  const body = JSON.stringify({ subject: 'x'.repeat(200), role: 'viewer' });

  it('may be another for one tenant, whether the request tells it or not', async () => {
    await limitAcme({ bodyBytes: 100 });
    await withLimits({}, async ({ url, acme, globex }) => {
      expect((await acme.post('/v1/members', body)).status).toBe(413);
      expect((await globex.post('/v1/members', body)).status).toBe(201);
      expect(await chunked(url, body)).toContain('HTTP/1.1 413 ');
      expect(await chunked(url, '{"subject":"ann","role":"viewer"}')).toContain('HTTP/1.1 201 ');
    });
    await limitAcme({ bodyBytes: null });
  });

  it('is never larger than the application takes', async () => {
    await limitAcme({ bodyBytes: 1_000_000 });
    await withLimits({ BODY_LIMIT_BYTES: '100' }, async ({ acme }) => {
      expect((await acme.post('/v1/members', body)).status).toBe(413);
    });
    await limitAcme({ bodyBytes: null });
  });
});

async function chunked(url: string, body: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const headers = { ...credentials(world.acme), 'content-type': 'application/json', connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST /v1/members HTTP/1.1\r\nhost: a\r\n${lines.join('')}transfer-encoding: chunked\r\n\r\n` +
      `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  return await text(socket);
}
