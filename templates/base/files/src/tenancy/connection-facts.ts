import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { TenancyError } from './errors.ts';
import { processId } from './wire.ts';

const farthest = 60_000;

/**
 * Milliseconds that the database's clock is ahead of ours. Some of what lets a request in expires by the database's
 * clock and some by ours, so beyond 60 seconds something has to be mended first.
 */
export async function clockDifference(client: pg.ClientBase): Promise<number> {
  const before = Date.now();
  const { rows } = await client.query<{ now: number }>(
    `select (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::double precision as now`,
  );
  const after = Date.now();
  const difference = Math.round((rows[0]?.now ?? Number.NaN) - (before + after) / 2);
  if (!(Math.abs(difference) <= farthest)) {
    throw new TenancyError(
      'clock',
      `The clocks of this machine and of the database differ by ${Math.round(Math.abs(difference) / 1000)} s, at most 60 are safe. Next: let both follow NTP.`,
    );
  }
  return difference;
}

/**
 * A pooler answers with a process id of its own. PgBouncer 1.21 and newer keeps track of prepared statements, and shows
 * it by renaming them on the server; behind anything else statements travel unnamed, which is safe and costs about
 * twice the CPU.
 */
export async function detectPooler(
  client: pg.ClientBase,
): Promise<{ readonly pooler: boolean; readonly preparedStatements: boolean }> {
  const backend = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  if (backend.rows[0]?.pid === processId(client)) return { pooler: false, preparedStatements: true };
  // A name that no other client has chosen: behind the wrong pooler it would be theirs too.
  const name = `probe_${randomBytes(8).toString('hex')}`;
  const text = `select name from pg_catalog.pg_prepared_statements where statement like '%${name}%'`;
  const found = await client.query<{ name: string }>({ name, text });
  return { pooler: true, preparedStatements: found.rows.length > 0 && found.rows.every((row) => row.name !== name) };
}
