import type pg from 'pg';
import type { MovingTable } from './tables.ts';

/** Characters of rows that travel at a time, about: rows may be long. */
const parcel = 1_000_000;
const mostRows = 5000;

interface Batch {
  readonly rows: number;
  /** An array of rows as PostgreSQL writes it: it is handed on as it is. */
  readonly packed: string | null;
  /** The key of its last row. */
  readonly last: readonly string[] | null;
}

/** Copies a tenant's rows of one table; `source` is in a transaction, whose snapshot is copied. Returns how many. */
export async function copyTable(
  source: pg.Client,
  target: pg.Client,
  table: MovingTable,
  tenantId: string,
): Promise<number> {
  if (table.own.length > 0) await copyThrough(source, target, table, tenantId, insertText(table, table.own));
  const text = table.own.length > 0 ? upsertText(table) : insertText(table);
  return await copyThrough(source, target, table, tenantId, text);
}

async function copyThrough(
  source: pg.Client,
  target: pg.Client,
  table: MovingTable,
  tenantId: string,
  text: string,
): Promise<number> {
  let copied = 0;
  let size = 100;
  let batch = await readBatch(source, table, { tenantId, after: undefined, size });
  while (batch.packed !== null && batch.last !== null) {
    const { packed, rows, last: after } = batch;
    size = Math.max(1, Math.min(mostRows, Math.floor((rows * parcel) / packed.length)));
    // While one is written the next is read.
    const [next] = await Promise.all([
      readBatch(source, table, { tenantId, after, size }),
      target.query(text, [packed]),
    ]);
    copied += rows;
    batch = next;
  }
  return copied;
}

async function readBatch(
  source: pg.Client,
  { name, key }: MovingTable,
  { tenantId, after, size }: { tenantId: string; after: readonly string[] | undefined; size: number },
): Promise<Batch> {
  const columns = key.map((column) => column.name).join(', ');
  const beyond =
    after === undefined ? '' : `and (${columns}) > (${key.map(({ type }, at) => `$${at + 3}::${type}`).join(', ')})`;
  const { rows } = await source.query<Batch>(
    `select rows, packed::text as packed, array[${key.map((column) => `(last).${column.name}::text`).join(', ')}] as last
    from (
      select count(*)::integer as rows, array_agg(moving) as packed, (array_agg(moving))[count(*)::integer] as last
      from (
        select moving from ${name} as moving
        where tenant_id = $1 ${beyond}
        order by ${columns}
        limit $2
      ) as piece
    ) as batch`,
    [tenantId, size, ...(after ?? [])],
  );
  return rows[0] as Batch;
}

/** Takes an array of rows; columns may be left empty. */
const insertText = ({ name, columns }: MovingTable, empty: readonly string[] = []): string =>
  `insert into ${name} (${columns.join(', ')}) overriding system value
  select ${columns.map((column) => (empty.includes(column) ? 'null' : column)).join(', ')} from unnest($1::${name}[])`;

/** The same, over rows that are there. */
export function upsertText(table: MovingTable, empty: readonly string[] = []): string {
  const keys = table.key.map(({ name }) => name);
  const others = table.columns.filter((column) => !keys.includes(column));
  const update =
    others.length === 0 ? 'nothing' : `update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`;
  return `${insertText(table, empty)} on conflict (${keys.join(', ')}) do ${update}`;
}
