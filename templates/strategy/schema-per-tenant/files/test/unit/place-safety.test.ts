import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/platform/tenants.ts';
import { assertPlacesSafe } from '../../src/tenancy/place-safety.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { createTestDatabaseOn, prepareServer, type TestDatabase, withClient } from '../setup/database.ts';
import { type OwnCluster, startOwnCluster } from '../setup/own-cluster.ts';
import { administrator } from './two-tenants.ts';

// A server of its own: what breaks here is a server's, not a database's, and other tests open databases meanwhile.
let cluster: OwnCluster;
let test: TestDatabase;
let admin: pg.Client;
const schemas = { ada: '', bob: '' };
beforeAll(async () => {
  cluster = await startOwnCluster();
  test = await createTestDatabaseOn(await prepareServer(cluster.adminUrl));
  await withClient(test.platformUrl, async (client) => {
    for (const slug of ['ada', 'bob'] as const) {
      const { tenantId } = await createTenant(client, { slug, environment: administrator(test) });
      schemas[slug] = schemaOf(tenantId);
    }
  });
  admin = new pg.Client(test.adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await cluster.stop();
});

describe('assertPlacesSafe()', () => {
  it('accepts what the migrations made', async () => {
    await expect(assertPlacesSafe(test.runtimeUrl)).resolves.toBeUndefined();
  });

  const ada = () => schemas.ada;
  const bob = () => schemas.bob;
  it.each([
    ['a role that may log in', () => [`alter role ${bob()} login`, `alter role ${bob()} nologin`], /may log in/],
    [
      'a role that bypasses policies',
      () => [`alter role ${bob()} bypassrls`, `alter role ${bob()} nobypassrls`],
      /bypasses row-level security/,
    ],
    [
      'a schema that another tenant may use',
      () => [`grant usage on schema ${bob()} to ${ada()}`, `revoke usage on schema ${bob()} from ${ada()}`],
      /may use the schema/,
    ],
    [
      'a schema that everybody may use',
      () => [`grant usage on schema ${bob()} to public`, `revoke usage on schema ${bob()} from public`],
      /everybody may use the schema/,
    ],
    [
      'a schema that the application may use without entering',
      () => [
        `grant usage on schema ${bob()} to ${roles.runtime}`,
        `revoke usage on schema ${bob()} from ${roles.runtime}`,
      ],
      /may use the schema/,
    ],
    [
      'a table whose row-level security is not forced',
      () => [
        `alter table ${bob()}.members no force row level security`,
        `alter table ${bob()}.members force row level security`,
      ],
      /does not force row-level security/,
    ],
    [
      'a table without the floor',
      () => [
        `alter policy tenant_floor on ${bob()}.members to ${ada()}`,
        `alter policy tenant_floor on ${bob()}.members to ${bob()}`,
      ],
      /lacks a restrictive policy by tenant for its role/,
    ],
    [
      'a policy that lets others in',
      () => [`create policy open on ${bob()}.members to ${bob()} using (true)`, `drop policy open on ${bob()}.members`],
      /has a permissive policy that lets others in/,
    ],
    [
      'a table that its tenant owns',
      () => [`alter table ${bob()}.members owner to ${bob()}`, `alter table ${bob()}.members owner to ${roles.owner}`],
      /owns .*members/,
    ],
  ])('refuses %s', async (_, statements, message) => {
    const [breaks = '', mends = ''] = statements();
    await admin.query(breaks);
    try {
      await expect(assertPlacesSafe(test.runtimeUrl)).rejects.toThrow(message);
    } finally {
      await admin.query(mends);
    }
    await expect(assertPlacesSafe(test.runtimeUrl)).resolves.toBeUndefined();
  });
});
