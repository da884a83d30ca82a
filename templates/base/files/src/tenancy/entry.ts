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
  { settings, guard, target }: ContextStatement & Partial<TenantEntry>,
  deadline?: number,
): Statement {
  let names = deadline === undefined ? '' : 'deadline';
  const values: unknown[] = [];
  for (const [name, value] of settings) {
    names += `,${name}`;
    values.push(value);
  }
  if (guard !== undefined) {
    names += `,${guard[0]}()`;
    values.push(guard[1]);
  }
  let text = texts.get(names);
  if (text === undefined) {
    const acts = [...setters(settings), ...guards(guard, settings.length + 1)];
    text = deadline === undefined ? `select where ${acts.join(' or ')}` : bounded(acts, values.length + 1);
    texts.set(names, text);
  }
  if (deadline !== undefined) values.push(deadline);
  return target === undefined ? { text, values } : { text, values, enters: true };
}

/** Conditions that are false, and do something on the way. */
const setters = (settings: Settings): string[] =>
  settings.map(([name], index) => `pg_catalog.set_config(${pg.escapeLiteral(name)}, $${index + 1}, true) is null`);

const guards = (guard: ContextStatement['guard'], parameter: number): string[] =>
  guard === undefined ? [] : [`not ${guard[0]}($${parameter})`];

/** A time-out of -1 is an error; 0 would be none at all. */
function bounded(acts: readonly string[], parameter: number): string {
  const timeout = `pg_catalog.set_config('statement_timeout', (case when ms >= 1 then pg_catalog.floor(ms) else -1 end)::int::text, true) is null`;
  return `select from (select $${parameter}::float8 - extract(epoch from pg_catalog.clock_timestamp())::float8 * 1000 as ms) as left_over
    where ${[...acts, timeout].join(' or ')}`;
}

/** True for what a statement fails with that reached the database after its deadline. */
export const isPastDeadline = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '22023' && error.message.includes('statement_timeout');
