import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/platform/tenants.ts';
import { databaseKeysOf, openPassword } from '../../src/tenancy/places/credentials.ts';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import { finishPlaces, makePlace } from '../../src/tenancy/places/make.ts';
import type { Place } from '../../src/tenancy/places/place.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { withClient } from '../setup/database.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

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
const plane = () => ({ client: platform, environment: environment() });
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
