import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Migration, toMigration } from '../../src/platform/migration-files.ts';
import { createTenant, deleteTenant, listTenants, purgeTenants } from '../../src/platform/tenants.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import { keepReady, prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { withClient } from '../setup/database.ts';
import { templateUrl } from '../setup/places.ts';
import {
  connect,
  crashAt,
  type CrashingWorld,
  failure,
  halves,
  inPlaces,
  openCrashingWorld,
  waitForSession,
} from './crashing.ts';
import { administrator } from './two-tenants.ts';

let world: CrashingWorld;
beforeAll(async () => {
  world = await openCrashingWorld();
});
afterAll(() => world.close());

const asAdmin = <T>(work: (admin: pg.Client) => Promise<T>) => withClient(world.test.adminUrl, work);
const count = (text: string) =>
  asAdmin(
    async (admin) =>
      (await admin.query<{ count: number }>(`select count(*)::int as count from ${text}`)).rows[0]?.count ?? 0,
  );
const placesIn = (state: string) => count(`platform.places where state = '${state}'`);
const environment = () => administrator(world.test);
const onPlatform = <T>(work: (client: pg.Client) => Promise<T>) => withClient(world.test.platformUrl, work);
const create = (slug: string) => onPlatform((client) => createTenant(client, { slug, environment: environment() }));
const slugs = async () => (await onPlatform(listTenants)).map(({ slug }) => slug);

const files: Migration[] = [];

/**
 * Migrates everything to the files and this one more, which takes long enough to be caught in the middle, and waits for
 * whoever holds it up in one of the databases.
 */
async function migrate(name: string, onDone: (count: number) => unknown = () => {}): Promise<void> {
  const sql = `alter table members add column x${name} text; select pg_sleep(0.05), pg_advisory_xact_lock_shared(4711); create index i${name} on members (tenant_id, x${name})`;
  if (files.at(-1)?.name !== `tenant/${name}.sql`) files.push(toMigration(`tenant/${name}.sql`, sql));
  const migrations = [...(await readTenantMigrations()), ...files];
  await asAdmin((client) =>
    migratePlaces({
      adminUrl: world.test.adminUrl,
      client,
      environment: {},
      migrations,
      workers: 2,
      apply: async () => [],
      onStep: () => {},
      onWarning: () => {},
      onProgress: ({ done }) => onDone(done),
    }),
  );
}

/** What the databases that have anything of a file have of it. */
async function withPart(name: string): Promise<string[]> {
  const parts = await inPlaces(world, async (there) => {
    const { rows } = await there.query<{ column: boolean; index: boolean }>(
      `select to_regclass('app.i${name}') is not null as index,
        exists (select from pg_attribute where attrelid = 'app.members'::regclass and attname = 'x${name}') as column`,
    );
    return Object.entries(rows[0] ?? {}).flatMap(([part, has]) => (has ? [part] : []));
  });
  return parts.filter(({ length }) => length > 0).map((each) => each.sort().join(' and '));
}

async function expectEverywhere(name: string): Promise<void> {
  const all = await count('platform.places');
  expect(await withPart(name)).toEqual(Array.from({ length: all }, () => 'column and index'));
  expect(await count('(select distinct version from platform.places) as versions')).toBe(1);
}

describe('a server that crashes', () => {
  afterEach(async () => {
    expect(await halves(world)).toEqual([]);
    // Nobody has restarted the application.
    await expect.poll(async () => (await world.served.get('/v1/members')).status).toBe(200);
  });

  it('while a database is copied leaves what the next run finishes', async () => {
    const wanted = (await placesIn('ready')) + 1;
    const template = new URL(await templateUrl(world.test.adminUrl)).pathname.slice(1);
    const holder = await connect(world.test.adminUrl);
    // Locks it for who would copy it.
    await holder.query(`begin; comment on database ${template} is null`);
    const making = failure(prepareMany(environment(), wanted));
    await asAdmin((admin) => waitForSession(admin, `wait_event_type = 'Lock' and query ilike 'create database%'`));
    await holder.query('rollback');
    await world.cluster.crash();
    expect(await making).toBeInstanceOf(Error);
    expect(await placesIn('new')).toBe(1);
    await prepareMany(environment(), wanted);
    expect(await placesIn('ready')).toBe(wanted);
  });

  it.each([
    ['copied', 'new', 'cloned'],
    ['given a login', 'cloned', 'login'],
    ['closed to all other tenants', 'login', 'ready'],
  ])('before it is noted that a database was %s is made good', async (_, before, state) => {
    const wanted = (await placesIn('ready')) + 1;
    const noted = { table: 'platform.places', event: 'update', when: `when (new.state = '${state}')` } as const;
    await crashAt(world, noted, () => prepareMany(environment(), wanted));
    expect(await placesIn(before)).toBe(1);
    await prepareMany(environment(), wanted);
    expect(await placesIn('ready')).toBe(wanted);
  });

  it.each([
    ['when a tenant is written', { table: 'platform.tenants', event: 'insert' }],
    ['when its database is taken', { table: 'platform.places', event: 'update' }],
    ['when its rows are there, but not yet itself', { table: 'platform.tenants', event: 'insert', deferred: true }],
  ] as const)('%s leaves no tenant, and its slug to the next attempt', async (_, moment) => {
    await prepareMany(environment(), 1);
    const ready = await placesIn('ready');
    const slug = `crashed-${(await slugs()).length}`;
    await crashAt(world, moment, () => create(slug));
    expect(await slugs()).not.toContain(slug);
    expect(await placesIn('ready')).toBe(ready);
    const { tenantId } = await create(slug);
    const subjects = async (there: pg.Client) => (await there.query('select subject from app.members')).rows;
    expect(await inPlaces(world, subjects, tenantId)).toEqual([[{ subject: `owner@${slug}` }]]);
  });

  it('while databases are migrated loses none, and the next run continues', async () => {
    await prepareMany(environment(), 8);
    let reached = () => {};
    const told = new Promise<void>((resolve) => (reached = resolve));
    const migrating = failure(migrate('9001_size', (done) => done === 4 && reached()));
    await told;
    await world.cluster.crash();
    expect((await migrating)?.message).toMatch(/Migrated: \d+ of \d+ databases/);
    const some = await withPart('9001_size');
    expect(some.length).toBeGreaterThanOrEqual(4);
    expect(some.length).toBeLessThan(await count('platform.places'));
    // What a database was given it was given whole, whether that was noted or not.
    expect(new Set(some)).toEqual(new Set(['column and index']));
    await migrate('9001_size');
    await expectEverywhere('9001_size');
  });

  it('while the template is migrated changes no tenant, and the next run continues', async () => {
    const holder = await connect(await templateUrl(world.test.adminUrl));
    await holder.query('select pg_advisory_lock(4711)');
    const migrating = failure(migrate('9002_color'));
    await waitForSession(holder, `wait_event = 'advisory' and datname = current_database()`);
    await world.cluster.crash();
    expect(await migrating).toBeInstanceOf(Error);
    expect(await withPart('9002_color')).toEqual([]);
    await migrate('9002_color');
    await expectEverywhere('9002_color');
  });

  it('before it is noted that one was migrated is made good', async () => {
    const noted = { table: 'platform.places', event: 'update', when: 'when (new.version <> old.version)' } as const;
    await crashAt(world, noted, () => migrate('9003_weight'));
    expect(await withPart('9003_weight')).toEqual(['column and index']);
    await migrate('9003_weight');
    await expectEverywhere('9003_weight');
  });

  it('while a tenant is erased is followed by another purge', async () => {
    const { tenantId } = await create('erased');
    await onPlatform((client) => deleteTenant(client, 'erased', 0));
    await pause(2); // The database rounds to milliseconds.
    const purge = () => onPlatform((client) => purgeTenants(client, environment()));
    await crashAt(world, { table: 'platform.places', event: 'delete' }, purge);
    expect(await placesIn('leaving')).toBe(1);
    await purge();
    expect(await count(`platform.tenants where id = '${tenantId}'`)).toBe(0);
  });

  it('is waited for by whoever keeps databases ready', async () => {
    const ending = new AbortController();
    const problems: string[] = [];
    const wanted = (await placesIn('ready')) + 2;
    const kept = keepReady(environment(), wanted, {
      signal: ending.signal,
      interval: 20,
      onMade: () => {},
      onProblem: ({ message }) => problems.push(message),
    });
    await expect.poll(() => placesIn('ready')).toBe(wanted);
    await world.cluster.crash();
    await create('meanwhile');
    await expect.poll(() => placesIn('ready')).toBe(wanted);
    ending.abort();
    await kept;
    expect(problems.length).toBeGreaterThan(0);
  });

  it('is a 503 that says when to try again until it is back', async () => {
    await world.cluster.crash(async () => {
      for (let n = 0; n < 3; n++) {
        const { status, headers } = await world.served.get('/v1/members');
        expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      }
    });
  });
});
