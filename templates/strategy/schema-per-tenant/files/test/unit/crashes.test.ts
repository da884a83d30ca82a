import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMigration } from '../../src/platform/migration-files.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import { keepReady, prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { createTestDatabaseOn, prepareServer, type TestDatabase, withClient } from '../setup/database.ts';
import { type OwnCluster, startOwnCluster } from '../setup/own-cluster.ts';
import { contextSecrets } from './secrets.ts';
import { administrator } from './two-tenants.ts';

let cluster: OwnCluster;
let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  cluster = await startOwnCluster();
  test = await createTestDatabaseOn(await prepareServer(cluster.adminUrl));
  database = await openDatabase({
    ...contextSecrets(test),
    database: { url: test.runtimeUrl, poolSize: 2, lanes: 2 },
  });
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

const asAdmin = <T>(work: (admin: pg.Client) => Promise<T>) => withClient(test.adminUrl, work);
const count = (text: string) =>
  asAdmin(
    async (admin) =>
      (await admin.query<{ count: number }>(`select count(*)::int as count from ${text}`)).rows[0]?.count ?? 0,
  );
const places = () => count(`platform.places where state = 'ready'`);

/** Schemas that nobody knows of, places without a schema, roles without either. */
const halves = () =>
  asAdmin(async (admin) => {
    const drift = await findDrift(admin);
    const roles = await admin.query(
      `select from pg_roles where rolname ~ '^t_[0-9a-f]{32}$' and not exists (select from pg_namespace where nspname = rolname)`,
    );
    return drift.length + (roles.rowCount ?? 0);
  });

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

async function create(slug: string) {
  return await withClient(test.platformUrl, (client) =>
    createTenant(client, { slug, environment: administrator(test) }),
  );
}

/** Lets nobody write the last of so many places: whoever makes them is still at it whenever the server crashes. */
async function holdLast(wanted: number): Promise<void> {
  const holder = new pg.Client(test.adminUrl);
  holder.on('error', () => {}); // It dies with the server.
  await holder.connect();
  await holder.query(`
    select pg_advisory_lock(4711);
    create function public.hold() returns trigger language plpgsql as $$ begin
      if (select count(*) from platform.places where state = 'ready') >= ${wanted} then
        perform pg_advisory_xact_lock_shared(4711);
      end if;
      return null;
    end $$;
    create trigger hold after insert on platform.places for each row execute function public.hold()`);
}

describe('a server that crashes', () => {
  it('while schemas are made leaves whole ones, and the next run makes the others', async () => {
    for (let round = 1; round <= 4; round++) {
      const wanted = (await places()) + 12;
      await holdLast(wanted);
      const making = failure(prepareMany(administrator(test), wanted));
      await expect.poll(places, { interval: 1 }).toBeGreaterThan(wanted - 12 + round);
      await cluster.crash();
      expect(await making).toBeInstanceOf(Error);
      await asAdmin((admin) => admin.query('drop trigger hold on platform.places; drop function public.hold()'));
      expect(await halves()).toBe(0);
      await prepareMany(administrator(test), wanted);
      expect(await places()).toBe(wanted);
    }
    const { tenantId: id } = await create('after');
    const text = 'select subject from members';
    const read = () => runAsTenant({ id: tenantId(id), slug: 'after' }, () => database.read({ text }));
    expect((await read()).rows).toHaveLength(1);
  });

  it('is waited for by whoever keeps schemas ready', async () => {
    const ending = new AbortController();
    const problems: string[] = [];
    const wanted = (await places()) + 3;
    const options = { signal: ending.signal, interval: 20, onMade: () => {} };
    const kept = keepReady(administrator(test), wanted, {
      ...options,
      onProblem: ({ message }) => problems.push(message),
    });
    await expect.poll(places).toBe(wanted);
    await cluster.crash();
    await create('meanwhile');
    await expect.poll(places).toBe(wanted);
    ending.abort();
    await kept;
    expect(problems.length).toBeGreaterThan(0);
  });

  it('while schemas are migrated loses none, and the next run continues', async () => {
    const { tenantId: id } = await create('served');
    // Long enough to be caught in the middle, in each of them.
    const slow = toMigration(
      'tenant/9001_color.sql',
      'alter table members add column color text; select pg_sleep(0.02); create index members_by_color on members (tenant_id, color);',
    );
    const migrations = [...(await readTenantMigrations()), slow];
    let reached = () => {};
    const told = new Promise<void>((resolve) => (reached = resolve));
    const run = () =>
      asAdmin((client) =>
        migratePlaces({
          adminUrl: test.adminUrl,
          client,
          environment: {},
          migrations,
          workers: 4,
          apply: async () => [],
          onStep: () => {},
          onWarning: () => {},
          onProgress: ({ done }) => {
            if (done === 12) reached();
          },
        }),
      );
    const migrated = () =>
      count(`pg_attribute join pg_class on pg_class.oid = attrelid where relname = 'members' and attname = 'color'`);
    const indexed = () => count(`pg_class where relname = 'members_by_color'`);
    const noted = () => count(`platform.place_migrations where name = 'tenant/9001_color.sql' and status = 'applied'`);
    const all = await count('platform.places');
    const first = failure(run());
    await told;
    await cluster.crash();
    expect(await first).toBeInstanceOf(Error);
    const done = await migrated();
    expect(done).toBeGreaterThanOrEqual(12);
    expect(done).toBeLessThan(all);
    expect([await indexed(), await noted()]).toEqual([done, done]);
    // Whoever was reached and whoever was not is served.
    const text = 'select subject from members';
    expect((await runAsTenant({ id: tenantId(id), slug: 'served' }, () => database.query({ text }))).rows).toHaveLength(
      1,
    );
    await run();
    expect([await migrated(), await indexed(), await noted()]).toEqual([all, all, all]);
  });
});
