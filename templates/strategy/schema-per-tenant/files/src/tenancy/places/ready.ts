import type pg from 'pg';
import { projectName, roles } from '../roles.ts';
import type { ControlPlane, Environment } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
import type { Migration } from '../../platform/migration-files.ts';
import { keepMaking, type KeepOptions } from './keep-making.ts';
import { makePlace } from './make.ts';
import { readTenantMigrations } from './tenant-migrations.ts';
import { versionOf } from './version.ts';

/**
 * Sees to it that a schema is ready. Only when there is none does that take an administrator; a sign-up that only takes
 * one that was made before is done in milliseconds.
 */
export async function prepare({ client, environment }: ControlPlane): Promise<void> {
  const migrations = await readTenantMigrations();
  const { rows } = await client.query<{ ready: boolean }>(
    `select exists (select from platform.places where state = 'ready' and version = $1) as ready`,
    [versionOf(migrations)],
  );
  if (rows[0]?.ready === true) return;
  if ((environment.DATABASE_ADMIN_URL ?? '') === '') {
    throw new Error(
      'No schema is ready for a new tenant, and making one takes an administrator. Next: set DATABASE_ADMIN_URL, or run npm run tenant -- prepare where it is set.',
    );
  }
  await asAdministrator(environment, (admin) => makePlace(admin, migrations));
}

/** Takes a ready schema, in the caller's transaction; undefined when others were faster. */
export async function takePlace({ client }: ControlPlane): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `update platform.places set state = 'taken'
    where tenant_id = (
      select tenant_id from platform.places
      where state = 'ready' and version = $1
      order by tenant_id
      limit 1
      for update skip locked
    )
    returning tenant_id as id`,
    [versionOf(await readTenantMigrations())],
  );
  return rows[0]?.id;
}

/**
 * Makes schemas until as many are ready; returns how many it made. Another who does the same goes first, and leaves
 * less to do. Stops between two of them when `signal` says so.
 */
export async function makeReady(
  admin: pg.Client,
  wanted: number,
  { migrations, signal }: { readonly migrations: readonly Migration[]; readonly signal?: AbortSignal },
): Promise<number> {
  const version = versionOf(migrations);
  const key = [`${projectName} ready`];
  await admin.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', key);
  try {
    let made = 0;
    while (signal?.aborted !== true && (await countReady(admin, version)) < wanted) {
      await makePlace(admin, migrations);
      made += 1;
    }
    return made;
  } finally {
    await admin.query('select pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))', key).catch(() => {}); // With a connection that died the lock is gone.
  }
}

/** As the migrator: an administrator who is no superuser reads nothing of the platform's by itself. */
async function countReady(admin: pg.Client, version: string): Promise<number> {
  await admin.query(`begin; set local role ${roles.migrator}`);
  const { rows } = await admin.query<{ ready: number }>(
    `select count(*)::integer as ready from platform.places where state = 'ready' and version = $1`,
    [version],
  );
  await admin.query('commit');
  return rows[0]?.ready ?? 0;
}

/** Makes schemas until as many are ready; returns how many it made. Needs DATABASE_ADMIN_URL. */
export async function prepareMany(environment: Environment, wanted: number): Promise<number> {
  const migrations = await readTenantMigrations();
  return await asAdministrator(environment, (admin) => makeReady(admin, wanted, { migrations }));
}

/** Keeps as many ready until the signal ends it. Needs DATABASE_ADMIN_URL. */
export async function keepReady(environment: Environment, wanted: number, options: KeepOptions): Promise<void> {
  const migrations = await readTenantMigrations();
  const { signal } = options;
  await keepMaking(environment, (admin) => makeReady(admin, wanted, { migrations, signal }), options);
}
