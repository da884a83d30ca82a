import type pg from 'pg';
import type { ControlPlane, Environment } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { keepMaking, type KeepOptions } from './keep-making.ts';
import { asMigrator } from './ledger.ts';
import { readyLock, whileLocked } from './locks.ts';
import { finishPlaces, makePlace } from './make.ts';

const isReady = `state = 'ready' and version = (select version from platform.template)`;

async function countReady(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ ready: number }>(
    `select count(*)::integer as ready from platform.places where ${isReady}`,
  );
  return rows[0]?.ready ?? 0;
}

/**
 * Sees to it that a database is ready. Only when there is none does that take an administrator; a sign-up that only
 * takes one that was made before is done in milliseconds.
 */
export async function prepare(plane: ControlPlane): Promise<void> {
  if ((await countReady(plane.client)) > 0) return;
  if ((plane.environment.DATABASE_ADMIN_URL ?? '') === '') {
    throw new Error(
      'No database is ready for a new tenant, and making one takes an administrator. Next: set DATABASE_ADMIN_URL, or run npm run tenant -- prepare where it is set.',
    );
  }
  await prepareMany(plane.environment, 1);
}

/** Takes a ready database, in the caller's transaction; undefined when others were faster. */
export async function takePlace({ client }: ControlPlane): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `update platform.places set state = 'taken'
    where tenant_id = (
      select tenant_id from platform.places where ${isReady} order by tenant_id limit 1 for update skip locked
    )
    returning tenant_id as id`,
  );
  return rows[0]?.id;
}

/**
 * Finishes what was begun, and makes databases until as many are ready; returns how many it made. Stops between two of
 * them when `signal` says so.
 */
async function makeReady(
  admin: pg.Client,
  environment: Environment,
  wanted: number,
  signal?: AbortSignal,
): Promise<number> {
  const count = () => asMigrator(admin, () => countReady(admin));
  const before = await count();
  if (before >= wanted) return 0;
  return await whileLocked(admin, readyLock, 'alone', async () => {
    await finishPlaces({ admin, environment });
    while (signal?.aborted !== true && (await count()) < wanted) await makePlace({ admin, environment });
    return Math.max(0, (await count()) - before);
  });
}

/** Makes databases until as many are ready; returns how many it made. Needs DATABASE_ADMIN_URL. */
export async function prepareMany(environment: Environment, wanted: number): Promise<number> {
  return await asAdministrator(environment, (admin) => makeReady(admin, environment, wanted));
}

/** Keeps as many ready until the signal ends it. Needs DATABASE_ADMIN_URL. */
export async function keepReady(environment: Environment, wanted: number, options: KeepOptions): Promise<void> {
  await keepMaking(environment, (admin) => makeReady(admin, environment, wanted, options.signal), options);
}
