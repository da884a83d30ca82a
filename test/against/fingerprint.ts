import { createHash } from 'node:crypto';
import type pg from 'pg';

/** Columns that count what was done, not what is there. */
const counting = /^(rel(pages|tuples|allvisible|allfrozen|frozenxid|minmxid)|dat(frozenxid|minmxid))$/;
/** Tables of the catalog that hold statistics. */
const statistics = /^pg_(statistic|statistic_ext_data)$/;

interface Relation {
  readonly name: string;
  readonly relname: string;
  readonly columns: readonly string[];
}

const relations = `
  select format('%I.%I', n.nspname, c.relname) as name, c.relname,
    array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'S') and n.nspname not in ('information_schema', 'pg_toast')
  order by 1`;

/**
 * A hash of everything that a database is, by table: rows, sequences, and the catalog itself, which holds definitions, roles, memberships, privileges, settings, comments and large
 * objects. Statistics, transaction ids and dead rows are left out. As a superuser.
 */
export async function fingerprint(admin: pg.Client): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const { rows } = await admin.query<Relation>(relations);
  for (const { name, relname, columns } of rows.filter((each) => !statistics.test(each.relname))) {
    const kept = columns.filter((column) => !counting.test(column)).map((column) => `t."${column}"`);
    hashes.set(name, await hashOf(admin, `select row(${kept.join(', ')})::text as line from ${name} as t`));
  }
  for (const view of ['pg_replication_slots', 'pg_prepared_xacts', 'pg_locks'])
    hashes.set(view, await hashOf(admin, `select (t.*)::text as line from ${sessionless(view)} as t`));
  return hashes;
}

/** Locks that end with a transaction are those of whoever asks. */
const sessionless = (view: string): string =>
  view === 'pg_locks' ? `(select mode, locktype from pg_locks where locktype = 'advisory')` : view;

async function hashOf(admin: pg.Client, lines: string): Promise<string> {
  const { rows } = await admin.query<{ line: string }>(
    `select line from (${lines}) as lines order by line collate "C"`,
  );
  const hash = createHash('sha256');
  for (const { line } of rows) hash.update(`${line}\n`);
  return `${rows.length} rows, ${hash.digest('hex').slice(0, 16)}`;
}

/** What differs, a line for each table. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? 'not there'} before, ${after.get(name) ?? 'not there'} after`);
}
