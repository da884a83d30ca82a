import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { schemaRules } from '../isolation/strategy/lint.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = new pg.Client(world.test.adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await world.drop();
});

async function telling(): Promise<string[]> {
  const rules = schemaRules({ world: { attacker: world.ada } as never }).filter(({ threat }) => threat === 'G5');
  const found = await Promise.all(rules.map(({ sql }) => admin.query<{ object: string }>(sql)));
  return found.flatMap(({ rows }) => rows.map(({ object }) => object));
}

describe('names that tell who the tenants are', () => {
  it('are those that somebody made for a tenant, not those that are like its name by chance', async () => {
    // As in pg_monitor, a schema of the application's, and that of a tenant.
    const slugs = ['monitor', 'platform', schemaOf(world.ada.id).slice(4, 10)];
    await admin.query('begin');
    try {
      await admin.query(
        `insert into platform.tenants (id, slug, name) select gen_random_uuid(), slug, slug from unnest($1::text[]) as slug`,
        [slugs],
      );
      expect(await telling()).toEqual([]);
      await admin.query('create role monitor_reports');
      expect(await telling()).toEqual(['monitor_reports']);
    } finally {
      await admin.query('rollback');
    }
  });
});
