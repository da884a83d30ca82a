import type pg from 'pg';
import { projectName } from '../roles.ts';

/** Held by whoever copies the template, together, and by whoever changes it, alone. */
export const templateLock = `${projectName} template`;

/** Held by whoever makes databases for tenants to come: another one goes after, and has less to do. */
export const readyLock = `${projectName} ready`;

/** Works while the session of a connection holds a lock; one that dies lets go of it. */
export async function whileLocked<T>(
  client: pg.ClientBase,
  name: string,
  kind: 'alone' | 'shared',
  work: () => Promise<T>,
): Promise<T> {
  const suffix = kind === 'shared' ? '_shared' : '';
  await client.query(`select pg_catalog.pg_advisory_lock${suffix}(pg_catalog.hashtextextended($1, 0))`, [name]);
  try {
    return await work();
  } finally {
    await unlock(client, name, suffix);
  }
}

/** Works on one place; does nothing when somebody else does. */
export async function withPlaceLock(client: pg.ClientBase, tenantId: string, work: () => Promise<void>): Promise<void> {
  const name = placeLock(tenantId);
  const { rows } = await client.query<{ free: boolean }>(
    'select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) as free',
    [name],
  );
  if (rows[0]?.free !== true) return;
  try {
    await work();
  } finally {
    await unlock(client, name, '');
  }
}

export const placeLock = (tenantId: string): string => `${projectName} place ${tenantId}`;

async function unlock(client: pg.ClientBase, name: string, suffix: string): Promise<void> {
  await client
    .query(`select pg_catalog.pg_advisory_unlock${suffix}(pg_catalog.hashtextextended($1, 0))`, [name])
    .catch(() => {}); // A dead connection holds no lock.
}
