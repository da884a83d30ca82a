import pg from 'pg';
import { upsertText } from './copy.ts';
import { MoveDoubt } from './doubt.ts';
import { inTransaction } from '../../platform/in-transaction.ts';
import { templateSchema } from '../schema.ts';
import type { MovingTable } from './tables.ts';

/** Keys that travel at a time. */
const batch = 1000;

/** What was written to one table. */
interface Changes {
  readonly table: MovingTable;
  readonly keys: readonly (readonly string[])[];
}

/** Some keys of a table: their rows as they are at the source, and those that are gone there. */
interface Difference {
  readonly table: MovingTable;
  readonly keys: readonly (readonly string[])[];
  /** An array of rows as PostgreSQL writes it; null when all are gone. */
  readonly packed: string | null;
  readonly checksum: string;
}

/**
 * Brings the target up to what was written at the source until now, all at once: rows in between may refer to each
 * other. Each row is compared. Returns how many changes there were; those are forgotten.
 */
export async function replay(
  source: pg.Client,
  target: pg.Client,
  tables: readonly MovingTable[],
  tenantId: string,
): Promise<number> {
  const { ids, differences } = await inTransaction(
    source,
    'begin isolation level repeatable read read only',
    async () => {
      const { ids, changes } = await readChanges(source, tables, tenantId);
      const differences: Difference[] = [];
      for (const { table, keys } of changes) {
        for (let at = 0; at < keys.length; at += batch) {
          differences.push(await readDifference(source, table, keys.slice(at, at + batch)));
        }
      }
      return { ids, differences };
    },
  );
  if (ids.length === 0) return 0;
  await inTransaction(target, 'begin', async () => {
    await apply(target, differences);
    for (const { table, keys, checksum } of differences) {
      if ((await checksumOf(target, table, keys)) !== checksum) {
        throw new MoveDoubt(`Rows of ${table.name} that were written meanwhile did not arrive as they are.`);
      }
    }
  });
  await source.query('delete from platform.move_changes where id = any($1::bigint[])', [ids]);
  return ids.length;
}

async function readChanges(
  source: pg.Client,
  tables: readonly MovingTable[],
  tenantId: string,
): Promise<{ readonly ids: readonly string[]; readonly changes: readonly Changes[] }> {
  const { rows } = await source.query<{ id: string; relation: string; key: string[] }>(
    // A partition notes its own name.
    `select
      id,
      coalesce(
        (select relname::text from pg_class where oid = pg_partition_root(to_regclass(format('%I.%I', $2::text, relation)))),
        relation
      ) as relation,
      key
    from platform.move_changes
    where tenant_id = $1`,
    [tenantId, templateSchema],
  );
  const changes = tables.map((table) => {
    const keys = new Map<string, string[]>();
    for (const { relation, key } of rows) if (relation === table.relation) keys.set(JSON.stringify(key), key);
    return { table, keys: [...keys.values()] };
  });
  return { ids: rows.map(({ id }) => id), changes: changes.filter(({ keys }) => keys.length > 0) };
}

async function readDifference(source: pg.Client, table: MovingTable, keys: Changes['keys']): Promise<Difference> {
  const { rows } = await source.query<{ packed: string | null; checksum: string }>(
    `select array_agg(moving)::text as packed, ${checksumText} as checksum
    from ${wanted(table)} join ${table.name} as moving on ${matches(table)}`,
    columnsOf(table, keys),
  );
  return { table, keys, packed: rows[0]?.packed ?? null, checksum: rows[0]?.checksum ?? '' };
}

async function checksumOf(client: pg.Client, table: MovingTable, keys: Changes['keys']): Promise<string> {
  const { rows } = await client.query<{ checksum: string }>(
    `select ${checksumText} as checksum from ${wanted(table)} join ${table.name} as moving on ${matches(table)}`,
    columnsOf(table, keys),
  );
  return rows[0]?.checksum ?? '';
}

const checksumText = `count(*) || ' ' || coalesce(sum(hashtextextended(moving::text collate "C", 0)::numeric), 0)`;

/** What is gone goes last, for a row may have been given another parent first. */
async function apply(target: pg.Client, differences: readonly Difference[]): Promise<void> {
  await target.query('savepoint untouched');
  try {
    await write(target, differences);
    await remove(target, differences);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await target.query('rollback to savepoint untouched');
    await remove(target, differences);
    for (const difference of differences) await writeInAnyOrder(target, difference);
  }
}

const isDuplicate = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && (error.code === '23505' || error.code === '23P01');

async function write(target: pg.Client, differences: readonly Difference[]): Promise<void> {
  for (const { table, packed } of differences) {
    if (packed !== null) await target.query(upsertText(table, table.own), [packed]);
  }
  for (const { table, packed } of differences) {
    if (packed !== null && table.own.length > 0) await target.query(upsertText(table), [packed]);
  }
}

/** One row after the other, and once more those that wanted what another row had until then. */
async function writeInAnyOrder(target: pg.Client, { table, packed }: Difference): Promise<void> {
  const { rows } = await target.query<{ row: string }>(
    `select array[moving]::text as row from unnest($1::${table.name}[]) as moving`,
    [packed],
  );
  let waiting = rows.map(({ row }) => row);
  while (waiting.length > 0) {
    const again: string[] = [];
    let duplicate: pg.DatabaseError | undefined;
    for (const row of waiting) {
      await target.query('savepoint one_row');
      try {
        await target.query(upsertText(table, table.own), [row]);
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await target.query('rollback to savepoint one_row');
        duplicate = error;
        again.push(row);
      }
    }
    if (again.length === waiting.length) {
      throw new MoveDoubt(`Rows exchanged what has to be unique (${duplicate?.constraint}). Next: the same again.`, {
        cause: duplicate,
      });
    }
    waiting = again;
  }
  if (table.own.length > 0) await target.query(upsertText(table), [packed]);
}

/** Removes the rows that the source no longer has; those that refer to others before them. */
async function remove(target: pg.Client, differences: readonly Difference[]): Promise<void> {
  for (const { table, keys, packed } of [...differences].reverse()) {
    const kept = table.key.map(({ name }) => `kept.${name} = moving.${name}`).join(' and ');
    await target.query(
      `delete from ${table.name} as moving
      using ${wanted(table)}
      where ${matches(table)}
        and not exists (select from unnest($${table.key.length + 1}::${table.name}[]) as kept where ${kept})`,
      [...columnsOf(table, keys), packed ?? '{}'],
    );
  }
}

/** The keys as a table: each column is a parameter. */
const wanted = ({ key }: MovingTable): string =>
  `unnest(${key.map(({ type }, at) => `$${at + 1}::${type}[]`).join(', ')}) as wanted (${key.map(({ name }) => name).join(', ')})`;

const matches = ({ key }: MovingTable): string =>
  key.map(({ name }) => `moving.${name} = wanted.${name}`).join(' and ');

const columnsOf = ({ key }: MovingTable, keys: Changes['keys']): string[][] =>
  key.map((_, at) => keys.map((values) => values[at] as string));
