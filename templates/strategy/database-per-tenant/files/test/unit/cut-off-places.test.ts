import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMigration } from '../../src/platform/migration-files.ts';
import { createTenant, deleteTenant, listTenants, purgeTenants } from '../../src/platform/tenants.ts';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { withClient } from '../setup/database.ts';
import { cutOffEverywhere } from './cut-off-everywhere.ts';
import { administrator, createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = await world.connect(world.test.platformUrl);
  admin = await world.connect(world.test.adminUrl);
});
afterAll(() => world.drop());

const environment = () => administrator(world.test);
const create = (slug: string) => createTenant(platform, { slug, environment: environment() });
const slugs = async () => (await listTenants(platform)).map(({ slug }) => slug);

/** Deletes tenants without a period of grace; the database rounds to milliseconds. */
async function deleteAtOnce(...tenants: string[]): Promise<void> {
  for (const slug of tenants) await deleteTenant(platform, slug, 0);
  await pause(2);
}

const states = async () =>
  (await admin.query<{ state: string }>('select state from platform.places')).rows.map(({ state }) => state);
const ready = async () => (await states()).filter((state) => state === 'ready').length;

/** Places that are neither ready nor taken, and databases and logins that no place has, or that a place lacks. */
const halves = async () => [
  ...(await states()).filter((state) => !['ready', 'taken'].includes(state)),
  ...(await findDrift(admin)),
];

/** Locks of whoever makes or takes places. */
const countLocks = async () => {
  const { rowCount } = await admin.query(
    `select from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  return rowCount;
};

const tell = ({ cuts, trips }: { cuts: number; trips: number }) =>
  console.log(`cut off after each of ${cuts} things that may last, in ${trips} round trips`);

describe('whoever is cut off', () => {
  it('while making a database leaves what the next attempt finishes', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    let before = await ready();
    const cutOff = await cutOffEverywhere(
      world.test.adminUrl,
      (url) => prepareMany({ ...environment(), DATABASE_ADMIN_URL: url }, before + 1),
      async () => {
        // The server notices that a connection is gone when it is done with what it was sent before.
        await expect.poll(countLocks, { interval: 5 }).toBe(0);
        for (const state of await states()) seen.add(state);
        await prepareMany(environment(), before + 1);
        expect(await ready()).toBe((before += 1));
        expect((await states()).filter((state) => !['ready', 'taken'].includes(state))).toEqual([]);
      },
    );
    tell(cutOff);
    expect(cutOff.trips).toBeGreaterThan(20);
    expect([...seen].sort()).toEqual(['cloned', 'login', 'new', 'ready', 'taken']);
    expect(await halves()).toEqual([]);
  });

  it('while creating a tenant leaves it whole or not at all', { timeout: 120_000 }, async () => {
    const made: string[] = [];
    const cutOff = await cutOffEverywhere(
      world.test.platformUrl,
      async (url, n) => {
        await prepareMany(environment(), 1);
        await withClient(url, (client) => createTenant(client, { slug: `cut-${n}`, environment: {} }));
      },
      async (n) => {
        const slug = `cut-${n}`;
        const known = (await listTenants(platform)).find((tenant) => tenant.slug === slug);
        const id = tenantId(known?.tenantId ?? (await create(slug)).tenantId);
        const rows = await runAsTenant({ id, slug }, () => world.database.read(subjects({ id })));
        expect(rows.rows).toEqual([{ subject: `owner@${slug}` }]);
        made.push(slug);
      },
    );
    tell(cutOff);
    expect(cutOff.trips).toBeGreaterThan(8);
    expect(await halves()).toEqual([]);
    await deleteAtOnce(...made);
    await purgeTenants(platform, environment());
    expect(await slugs()).toEqual(['ada', 'bob']);
    expect(await halves()).toEqual([]);
  });

  it('while erasing a tenant is finished by the next purge', { timeout: 120_000 }, async () => {
    const cutOff = await cutOffEverywhere(
      world.test.adminUrl,
      async (url, n) => {
        await create(`erased-${n}`);
        await deleteAtOnce(`erased-${n}`);
        await purgeTenants(platform, { ...environment(), DATABASE_ADMIN_URL: url });
      },
      async (n) => {
        await purgeTenants(platform, environment());
        expect(await slugs()).not.toContain(`erased-${n}`);
      },
    );
    tell(cutOff);
    expect(cutOff.trips).toBeGreaterThan(8);
    expect(await halves()).toEqual([]);
  });

  it('while migrating goes on from there', { timeout: 120_000 }, async () => {
    const extra = (n: number) =>
      Array.from({ length: n + 1 }, (_, index) =>
        toMigration(
          `tenant/8${String(index).padStart(3, '0')}_cut.sql`,
          `alter table members add column cut_${index} text`,
        ),
      );
    const run = async (url: string, n: number) =>
      await withClient(url, async (client) =>
        migratePlaces({
          adminUrl: url,
          client,
          environment: { DATABASE_ADMIN_URL: url },
          migrations: [...(await readTenantMigrations()), ...extra(n)],
          apply: async () => [],
          onStep: () => {},
          onWarning: () => {},
          onProgress: () => {},
          tenant: 'ada',
          workers: 1,
        }),
      );
    const cutOff = await cutOffEverywhere(
      world.test.adminUrl,
      (url, n) => run(url, n),
      (n) => run(world.test.adminUrl, n),
    );
    tell(cutOff);
    expect(cutOff.trips).toBeGreaterThan(20);
    const { adminUrl } = await world.urlsOf(world.ada);
    const { rows } = await withClient(adminUrl, (there) =>
      there.query<{ count: number }>(
        `select count(*)::integer as count from pg_attribute where attrelid = 'app.members'::regclass and attname like 'cut_%'`,
      ),
    );
    expect(rows[0]?.count).toBe(cutOff.cuts + 1);
  });
});
