import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { startApplication } from '../setup/application.ts';
import { placeUrls } from '../setup/places.ts';
import { apiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();
let database: string;
beforeAll(async () => {
  database = new URL((await placeUrls(world.database, world.acme.tenantId)).adminUrl).pathname.slice(1);
});

describe("a tenant's database that cannot be reached", () => {
  beforeAll(async () => {
    await world.withAdmin(async (admin) => {
      await admin.query(`alter database ${database} with allow_connections false`);
      await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [database]);
    });
  });
  afterAll(() => world.withAdmin((admin) => admin.query(`alter database ${database} with allow_connections true`)));

  it('is a 503 that says when to try again, for its tenant alone', async () => {
    for (let n = 0; n < 3; n++) {
      const { status, headers } = await world.asAcme.get('/v1/members');
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect((await world.asGlobex.get('/v1/members')).status).toBe(200);
    }
  });

  it('takes nobody out of service', async () => {
    expect((await world.asNobody.get('/readyz')).status).toBe(200);
  });
});

describe('a limit of connections that is reached', () => {
  it('is a 503 that says when to try again, for its tenant alone', async () => {
    const limit = (n: number) =>
      world.withAdmin(async (admin) => {
        await admin.query(`alter database ${database} connection limit ${n}`);
        await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
          database,
        ]);
      });
    await limit(0);
    try {
      const { status, headers } = await world.asAcme.get('/v1/members');
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect((await world.asGlobex.get('/v1/members')).status).toBe(200);
    } finally {
      await limit(-1);
    }
    await expect.poll(async () => (await world.asAcme.get('/v1/members')).status).toBe(200);
  });
});

describe("a tenant's password that does not open", () => {
  it('is a 503 that says when to try again, and a line of the log that says why', async () => {
    const { tenantId } = world.acme;
    const change = (to: string, from: string) =>
      world.withAdmin((admin) =>
        admin.query(
          `update platform.places set sealed_password = replace(sealed_password, $1, $2) where tenant_id = $3`,
          [from, to, tenantId],
        ),
      );
    const lines: string[] = [];
    const log = createLog({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    await change('gone.', 'dev1.');
    const application = await startApplication(world.database.environment, { log });
    try {
      const { status, headers } = await apiClient(application.url, credentials(world.acme)).get('/v1/members');
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect(lines.join('')).toMatch(/sealed with the key \\"gone\\", which TENANT_DATABASE_KEYS does not have/);
      expect((await apiClient(application.url, credentials(world.globex)).get('/v1/members')).status).toBe(200);
    } finally {
      await application.close();
      await change('dev1.', 'gone.');
    }
  });
});
