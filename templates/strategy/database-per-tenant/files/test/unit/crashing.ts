import pg from 'pg';
import { expect } from 'vitest';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { type Site, urlAt } from '../../src/tenancy/places/place.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { type ApiClient, apiClient } from '../api/client.ts';
import { credentials } from '../api/world.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { createTestDatabaseOn, prepareServer, type TestDatabase, withClient } from '../setup/database.ts';
import { type OwnCluster, startOwnCluster } from '../setup/own-cluster.ts';
import { newTenant } from '../setup/tenants.ts';

/** A server that may crash, and an application that serves a tenant through it all. */
export interface CrashingWorld {
  readonly cluster: OwnCluster;
  readonly test: TestDatabase;
  readonly application: RunningApplication;
  /** Calls as that tenant. */
  readonly served: ApiClient;
  readonly close: () => Promise<void>;
}

export async function openCrashingWorld(): Promise<CrashingWorld> {
  const cluster = await startOwnCluster();
  const test = await createTestDatabaseOn(await prepareServer(cluster.adminUrl));
  const tenant = await newTenant(test.environment, 'served');
  const application = await startApplication({ ...test.environment, CREDENTIAL_CACHE_SECONDS: '0' });
  return {
    cluster,
    test,
    application,
    served: apiClient(application.url, credentials(tenant)),
    close: async () => {
      await application.close();
      await cluster.stop();
    },
  };
}

export const failure = (work: Promise<unknown>): Promise<Error | undefined> =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

/** A connection that dies with the server. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Waits until a session of the server is as the condition says. */
export const waitForSession = async (client: pg.Client, condition: string): Promise<void> =>
  await expect
    .poll(async () => (await client.query(`select from pg_stat_activity where ${condition}`)).rowCount, {
      interval: 1,
    })
    .toBeGreaterThan(0);

/** Does something, crashes the server when it has written a row of the control plane's, and expects that it failed. */
export async function crashAt(
  { cluster, test: { adminUrl } }: CrashingWorld,
  {
    table,
    event,
    when = '',
    deferred = false,
  }: {
    readonly table: string;
    readonly event: 'insert' | 'update' | 'delete';
    readonly when?: string;
    /** Only as the transaction is committed. */
    readonly deferred?: boolean;
  },
  work: () => Promise<unknown>,
): Promise<void> {
  const holder = await connect(adminUrl);
  await holder.query(`
    select pg_advisory_lock(4711);
    create function public.hold() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
    create constraint trigger hold after ${event} on ${table}
      deferrable initially ${deferred ? 'deferred' : 'immediate'}
      for each row ${when} execute function public.hold()`);
  const failed = failure(work());
  await waitForSession(holder, `wait_event = 'advisory' and datname = current_database()`);
  await cluster.crash();
  expect(await failed).toBeInstanceOf(Error);
  await withClient(adminUrl, (admin) => admin.query(`drop trigger hold on ${table}; drop function public.hold()`));
}

/** Places that nobody finished, databases and logins that no place has, and what a place lacks. */
export async function halves({ test }: CrashingWorld): Promise<unknown[]> {
  return await withClient(test.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ half: string }>(
      `select format('%s is %s', database, state) as half from platform.places where state not in ('ready', 'taken')
      union all
      select datname from pg_database
      where datname ~ '^t_[0-9a-f]{32}$' and datname not in (select database from platform.places)
      union all
      select rolname from pg_roles
      where rolname ~ '^t_[0-9a-f]{32}$' and rolname not in (select login from platform.places)`,
    );
    return [...rows.map(({ half }) => half), ...(await findDrift(admin))];
  });
}

/** Works in the database of each place, or of one tenant, as who sees every row. */
export async function inPlaces<T>(
  { test: { adminUrl } }: CrashingWorld,
  work: (there: pg.Client) => Promise<T>,
  tenantId?: string,
): Promise<T[]> {
  const { rows } = await withClient(adminUrl, (admin) =>
    admin.query<Site>(
      'select database, host, port from platform.places where $1::uuid is null or tenant_id = $1 order by tenant_id',
      [tenantId],
    ),
  );
  const found: T[] = [];
  for (const site of rows) {
    const asMigrator = async (there: pg.Client) => {
      await there.query(`set role ${roles.migrator}`);
      return await work(there);
    };
    found.push(await withClient(urlAt(adminUrl, site), asMigrator));
  }
  return found;
}
