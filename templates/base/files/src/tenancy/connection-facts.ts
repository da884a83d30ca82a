import type pg from 'pg';
import { TenancyError } from './errors.ts';
import { processId } from './wire.ts';

const farthest = 60_000;

/** Milliseconds that the database's clock is ahead of ours. Seals expire by the database's clock, so beyond 60 seconds something has to be mended first. */
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
 * A pooler answers with a process id of its own. PgBouncer 1.21 and newer keeps track of prepared statements, and shows it by renaming them on the server; behind anything else
 * statements travel unnamed, which is safe and costs about twice the CPU.
 */
export async function detectPooler(
  client: pg.ClientBase,
): Promise<{ readonly pooler: boolean; readonly preparedStatements: boolean }> {
  const name = 'pooler_probe';
  const text = `select pg_catalog.pg_backend_pid() as pid,
    array(select name from pg_catalog.pg_prepared_statements where statement like '%pooler probe%') as names`;
  const { rows } = await client.query<{ pid: number; names: string[] }>({ name, text });
  const { pid, names = [] } = rows[0] ?? {};
  const pooler = pid !== processId(client);
  const renamed = names.length > 0 && !names.includes(name);
  return { pooler, preparedStatements: !pooler || renamed };
}
