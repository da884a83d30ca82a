import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMigration } from '../../src/platform/migration-files.ts';
import { createTenant, deleteTenant, listTenants, purgeTenants } from '../../src/platform/tenants.ts';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { databaseKeysOf, openPassword } from '../../src/tenancy/places/credentials.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import { finishPlaces, makePlace } from '../../src/tenancy/places/make.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import type { Place } from '../../src/tenancy/places/place.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { withClient } from '../setup/database.ts';
import { cutOffEverywhere } from './cut-off-everywhere.ts';
import { administrator, createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = new pg.Client(world.test.platformUrl);
  admin = new pg.Client(world.test.adminUrl);
  await platform.connect();
  await admin.connect();
});
afterAll(async () => {
  await platform.end();
  await admin.end();
  await world.drop();
});

const environment = () => administrator(world.test);
const plane = () => ({ client: platform, environment: environment() });
const create = (slug: string) => createTenant(platform, { slug, environment: environment() });
/** Deletes a tenant without a period of grace; the database rounds to milliseconds. */
async function deleteAtOnce(slug: string): Promise<void> {
  await deleteTenant(platform, slug, 0);
  await pause(2);
}
type Row = Place & { readonly state: string; readonly version: string };
const places = async (): Promise<Row[]> =>
  (
    await admin.query<Row>(
      `select tenant_id as "tenantId", database, login, sealed_password as "sealedPassword", host, port, generation, state, version
      from platform.places order by state, tenant_id`,
    )
  ).rows;
const placesIn = async (state: string) => (await places()).filter((place) => place.state === state);
const exists = async (name: string) => {
  const { rows } = await admin.query<{ database: boolean; login: boolean }>(
    'select exists (select from pg_database where datname = $1) as database, exists (select from pg_roles where rolname = $1) as login',
    [name],
  );
  return rows[0];
};

describe('a tenant', () => {
  it('has a database and a login whose names say nothing of it', async () => {
    const { database, login } = (await places()).find(({ tenantId: id }) => id === world.ada.id) as Row;
    expect(database).toMatch(/^t_[0-9a-f]{32}$/);
    expect(database).not.toContain(world.ada.id.replaceAll('-', ''));
    expect(login).toBe(database);
    const { rows } = await admin.query(
      'select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = $1',
      [login],
    );
    const nothing = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false };
    expect(rows).toEqual([{ rolcanlogin: true, rolreplication: false, ...nothing }]);
  });

  it('has a password that the control plane does not show', async () => {
    const place = (await places()).find(({ tenantId: id }) => id === world.ada.id) as Row;
    const password = openPassword(databaseKeysOf(environment()), place, place.sealedPassword);
    expect(password).toMatch(/^[0-9a-f]{64}$/);
    const { rows } = await admin.query<{ all: string }>(
      `select query_to_xml('select * from platform.places', true, false, '')::text as all`,
    );
    expect(rows[0]?.all).not.toContain(password);
    await expect(platform.query('select sealed_password from platform.places')).rejects.toThrow(/permission denied/);
  });

  it('is the only one that its database can hold', async () => {
    const { adminUrl } = await world.urlsOf(world.ada);
    await withClient(adminUrl, async (there) => {
      await expect(
        there.query(`insert into platform.tenants (id, slug, name) values ($1, 'bob', 'bob')`, [world.bob.id]),
      ).rejects.toThrow(/tenant_here/);
      await expect(
        there.query(`insert into app.members (tenant_id, id, subject, role) values ($1, $1, 'bob', 'owner')`, [
          world.bob.id,
        ]),
      ).rejects.toThrow(/tenant_here/);
      expect((await there.query('select from platform.tenants')).rowCount).toBe(1);
    });
  });
});

describe('databases for tenants to come', () => {
  it('are made until enough are ready, and taken without an administrator', async () => {
    expect(await prepareMany(environment(), 2)).toBe(2);
    expect(await prepareMany(environment(), 2)).toBe(0);
    const ready = (await placesIn('ready')).map(({ tenantId: id }) => id);
    const { tenantId: id } = await createTenant(platform, { slug: 'quick', environment: {} });
    expect(ready).toContain(id);
    expect(await placesIn('ready')).toHaveLength(1);
  });

  it('go to one tenant each when many sign up at once, and a slug to one of them', async () => {
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = new pg.Client(world.test.platformUrl);
        await client.connect();
        return client;
      }),
    );
    const made = await Promise.all(
      clients.map((client, n) => createTenant(client, { slug: `many-${n}`, environment: environment() })),
    );
    expect(new Set(made.map(({ tenantId: id }) => id)).size).toBe(4);
    const answers = await Promise.all(
      clients.map((client) =>
        createTenant(client, { slug: 'same', environment: environment() }).then(
          () => 'made',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(answers.filter((answer) => answer === 'made')).toHaveLength(1);
    expect(answers.filter((answer) => /already/.test(answer))).toHaveLength(3);
    await Promise.all(clients.map((client) => client.end()));
    expect((await places()).map(({ state }) => state).filter((state) => !['ready', 'taken'].includes(state))).toEqual(
      [],
    );
  });

  it('say what to do when there are none and no administrator is at hand, or no key', async () => {
    for (const { tenantId: id } of await placesIn('ready')) await placement.destroy(plane(), id);
    await expect(createTenant(platform, { slug: 'late', environment: {} })).rejects.toThrow(
      /No database is ready.*DATABASE_ADMIN_URL/,
    );
    await expect(
      createTenant(platform, { slug: 'late', environment: { ...environment(), TENANT_DATABASE_KEYS: '' } }),
    ).rejects.toThrow(/TENANT_DATABASE_KEYS is not set/);
  });
});

describe('whoever is cut off', () => {
  /** Places that are neither ready nor taken, and databases and logins that no place has, or that a place lacks. */
  const halves = async () => [
    ...(await places()).filter(({ state }) => !['ready', 'taken'].includes(state)),
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

  it('while making a database leaves what the next attempt finishes', { timeout: 120_000 }, async () => {
    const seen = new Set<string>();
    const steps = await cutOffEverywhere(
      world.test.adminUrl,
      async (url) => {
        for (const { tenantId: id } of await placesIn('ready')) await placement.destroy(plane(), id);
        await prepareMany({ ...environment(), DATABASE_ADMIN_URL: url }, 1);
      },
      async () => {
        // The server notices that a connection is gone when it is done with what it was sent before.
        await expect.poll(countLocks).toBe(0);
        for (const { state } of await places()) seen.add(state);
        await prepareMany(environment(), 1);
        expect(await placesIn('ready')).toHaveLength(1);
        expect((await places()).filter(({ state }) => !['ready', 'taken'].includes(state))).toEqual([]);
      },
    );
    console.log(`cut off at each of ${steps} round trips, in the states ${[...seen].sort().join(', ')}`);
    expect(steps).toBeGreaterThan(20);
    expect([...seen].sort()).toEqual(['cloned', 'login', 'new', 'ready', 'taken']);
    expect(await halves()).toEqual([]);
  });

  it('while creating a tenant leaves it whole or not at all', { timeout: 120_000 }, async () => {
    const steps = await cutOffEverywhere(
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
        await deleteAtOnce(slug);
        await purgeTenants(platform, environment());
      },
    );
    console.log(`cut off at each of ${steps} round trips`);
    expect(steps).toBeGreaterThan(8);
    expect(await halves()).toEqual([]);
  });

  it('while erasing a tenant is finished by the next purge', { timeout: 120_000 }, async () => {
    const steps = await cutOffEverywhere(
      world.test.adminUrl,
      async (url, n) => {
        await create(`erased-${n}`);
        await deleteAtOnce(`erased-${n}`);
        await purgeTenants(platform, { ...environment(), DATABASE_ADMIN_URL: url });
      },
      async (n) => {
        await purgeTenants(platform, environment());
        expect((await listTenants(platform)).map(({ slug }) => slug)).not.toContain(`erased-${n}`);
      },
    );
    console.log(`cut off at each of ${steps} round trips`);
    expect(steps).toBeGreaterThan(8);
    expect(await halves()).toEqual([]);
  });

  it('while migrating goes on from there', { timeout: 120_000 }, async () => {
    const extra = (n: number) =>
      Array.from({ length: n }, (_, index) =>
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
          onProgress: () => {},
          tenant: 'ada',
          workers: 1,
        }),
      );
    const steps = await cutOffEverywhere(
      world.test.adminUrl,
      (url, n) => run(url, n),
      (n) => run(world.test.adminUrl, n),
    );
    console.log(`cut off at each of ${steps} round trips`);
    expect(steps).toBeGreaterThan(20);
    const { adminUrl } = await world.urlsOf(world.ada);
    const { rows } = await withClient(adminUrl, (there) =>
      there.query<{ count: number }>(
        `select count(*)::integer as count from pg_attribute where attrelid = 'app.members'::regclass and attname like 'cut_%'`,
      ),
    );
    expect(rows[0]?.count).toBe(steps + 1);
  });
});

describe('what was begun from a template that has changed since', () => {
  it('is taken away, and made anew', async () => {
    for (const { tenantId: id } of await placesIn('ready')) await placement.destroy(plane(), id);
    await makePlace({ admin, environment: environment() });
    const [made] = await placesIn('ready');
    await asMigrator(admin, () =>
      admin.query(`update platform.places set state = 'login', version = 'old' where state = 'ready'`),
    );
    await finishPlaces({ admin, environment: environment() });
    expect((await places()).map(({ database }) => database)).not.toContain(made?.database);
    expect(await exists(made?.database ?? '')).toEqual({ database: false, login: false });
  });
});
