import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finding, runGroup } from '../isolation/finding.ts';
import { attackNames, namesByChance, threatOfNames } from './names.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
});
afterAll(() => world.drop());

async function telling(): Promise<Finding[]> {
  const { findings } = await runGroup('names', (recorder) => attackNames(admin, world, recorder));
  return findings.filter(({ threat }) => threat === threatOfNames);
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
      expect(rows.map(({ object }) => object)).toEqual(['monitor_reports']);
    } finally {
      await admin.query('rollback');
    }
  });
});
