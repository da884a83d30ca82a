import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { type Finding, runGroup } from '../isolation/finding.ts';
import { attackNames, namesByChance, threatOfNames } from './names.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
/** Roles and databases of other projects on a server that was given: what they are called is not about these tenants. */
let others: string[];
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
  const { rows } = await admin.query<{ name: string }>(
    `select rolname as name from pg_roles where oid >= 16384 and rolname <> all ($1) and rolname !~ '^t_[0-9a-f]{32}$'
    union all select datname from pg_database where oid >= 16384 and datname !~ '^t_[0-9a-f]{32}$'`,
    [Object.values(roles)],
  );
  others = rows.map(({ name }) => name);
});
afterAll(() => world.drop());

async function telling(): Promise<Finding[]> {
  const { findings } = await runGroup('names', (recorder) => attackNames(admin, world, recorder));
  return findings.filter(({ threat, object }) => threat === threatOfNames && !others.includes(object));
}

describe('names that tell who the tenants are', () => {
  it('are those that somebody made for a tenant, not those that are like its name by chance', async () => {
    const slugs = await namesByChance(admin, world);
    await admin.query('begin');
    try {
      await admin.query(
        `insert into platform.tenants (id, slug, name) select gen_random_uuid(), slug, slug from unnest($1::text[]) as slug`,
        [slugs],
      );
      expect(await telling()).toEqual([]);
      await admin.query('create role monitor_reports');
      const found = await telling();
      expect(found.map(({ object }) => object)).toEqual(['monitor_reports']);
      // What shows it can be pasted.
      const { rows } = await admin.query<{ object: string }>(found[0]?.reproduce ?? '');
      expect(rows.map(({ object }) => object)).toContain('monitor_reports');
    } finally {
      await admin.query('rollback');
    }
  });
});
