import type pg from 'pg';

/** How many sessions wait for what this one has locked. */
export async function countBlocked(holder: pg.ClientBase): Promise<number> {
  const { rows } = await holder.query<{ count: number }>(
    `select count(distinct pid)::integer as count from pg_catalog.pg_locks
    where not granted and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(pid))`,
  );
  return rows[0]?.count ?? 0;
}
