import pg from 'pg';
import type { Statement } from './statements.ts';
import type { ContextStatement, TenantEntry } from './strategy.ts';

type Settings = ContextStatement['settings'];

/** By the names of the settings. */
const texts = new Map<string, string>();

/**
 * The statement that enters a tenant: it sets settings for the transaction and returns no row. Values are bind
 * parameters: the context appears in no statement text, so in no log and not in pg_stat_activity. What would be done
 * after the deadline, by the database's clock in milliseconds, fails there: what is sent may have to wait, for a lock
 * even while it is prepared.
 */
export function entryStatement(
  { settings, target }: ContextStatement & Partial<TenantEntry>,
  deadline?: number,
): Statement {
  let names = deadline === undefined ? '' : 'deadline';
  const values: unknown[] = [];
  for (const [name, value] of settings) {
    names += `,${name}`;
    values.push(value);
  }
  let text = texts.get(names);
  if (text === undefined) {
    text = deadline === undefined ? `select where ${setters(settings)}` : bounded(settings);
    texts.set(names, text);
  }
  if (deadline !== undefined) values.push(deadline);
  return target === undefined ? { text, values } : { text, values, enters: true };
}

function setters(settings: Settings): string {
  return settings
    .map(([name], index) => `pg_catalog.set_config(${pg.escapeLiteral(name)}, $${index + 1}, true) is null`)
    .join(' or ');
}

/** A time-out of -1 is an error; 0 would be none at all. */
function bounded(settings: Settings): string {
  const timeout = `pg_catalog.set_config('statement_timeout', (case when ms >= 1 then pg_catalog.floor(ms) else -1 end)::int::text, true) is null`;
  return `select from (select $${settings.length + 1}::float8 - extract(epoch from pg_catalog.clock_timestamp())::float8 * 1000 as ms) as left_over
    where ${setters(settings)} or ${timeout}`;
}
