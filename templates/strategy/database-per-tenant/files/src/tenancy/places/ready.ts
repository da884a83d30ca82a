import type pg from 'pg';
import type { ControlPlane } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
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
  await prepareMany(plane, 1);
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

/** Finishes what was begun, and makes databases until as many are ready; returns how many became ready. */
export async function prepareMany({ client, environment }: ControlPlane, wanted: number): Promise<number> {
  const before = await countReady(client);
  if (before >= wanted) return 0;
  return await asAdministrator(environment, async (admin) => {
    await finishPlaces({ admin, environment });
    const missing = wanted - (await countReady(client));
    for (let made = 0; made < missing; made++) await makePlace({ admin, environment });
    return (await countReady(client)) - before;
  });
}
