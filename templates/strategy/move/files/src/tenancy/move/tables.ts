import type pg from 'pg';
import { templateSchema } from '../schema.ts';
import { ownTriggers } from './capture.ts';
import { MoveDoubt } from './doubt.ts';

/** A tenant's table as SQL writes it: names are quoted. */
export interface MovingTable {
  readonly name: string;
  /** As note_change() calls it. */
  readonly relation: string;
  /** Those that are written: all but generated ones. */
  readonly columns: readonly string[];
  readonly key: readonly KeyColumn[];
  /** Columns that refer to other rows of the same table: they are written when all rows are there. */
  readonly own: readonly string[];
  /** Sequences that number its rows, by column. */
  readonly sequences: readonly { readonly column: string; readonly sequence: string }[];
}

export interface KeyColumn {
  readonly name: string;
  /** Unquoted. */
  readonly column: string;
  readonly type: string;
}

interface Found extends MovingTable {
  readonly refersTo: readonly string[];
  /** The constraint by which a row refers to one of the same table, when it cannot be left empty at first. */
  readonly closed: string | null;
  /** What a row is made of, in the order in which it is written. */
  readonly shape: readonly string[];
  readonly triggers: readonly string[];
}

/** The tables of tenants, each after those that it refers to. Both places must have the same. */
export async function movingTables(source: pg.Client, target: pg.Client): Promise<MovingTable[]> {
  const tables = await findTables(source);
  const others = new Map((await findTables(target)).map((table) => [table.name, table]));
  for (const table of tables) {
    const other = others.get(table.name);
    if (other === undefined || JSON.stringify(other.shape) !== JSON.stringify(table.shape)) {
      throw new MoveDoubt(`${table.name} is not the same in both places. Next: npm run db:migrate`);
    }
    const obstacle = obstacleOf({ ...table, triggers: [...table.triggers, ...other.triggers] });
    if (obstacle !== undefined) throw refused(obstacle);
    others.delete(table.name);
  }
  const [more] = others.keys();
  if (more !== undefined) throw new MoveDoubt(`${more} is in one of the places only. Next: npm run db:migrate`);
  return inReferenceOrder(tables);
}

/** Why tenants' tables, as they are in one place, cannot be moved yet; undefined when they can. */
export async function whyImmovable(client: pg.Client): Promise<string | undefined> {
  const tables = await findTables(client);
  const obstacle = tables.map(obstacleOf).find((each) => each !== undefined) ?? circleOf(sortTables(tables));
  return obstacle?.what;
}

/** Something about a table that a move does not take, and what to do about it. */
interface Obstacle {
  readonly what: string;
  readonly next?: string;
}

function obstacleOf({ name, key, triggers, closed }: Found): Obstacle | undefined {
  if (key.length === 0) {
    return { what: `${name} has no primary key, so that its rows cannot be told apart`, next: 'add one.' };
  }
  if (triggers.length > 0) return { what: `${name} has the trigger ${triggers[0]}, which copied rows would set off` };
  if (closed !== null)
    return { what: `${name}: by the constraint ${closed} no row can be written before another of the same table` };
  return undefined;
}

const refused = ({ what, next }: Obstacle): MoveDoubt =>
  new MoveDoubt(next === undefined ? `${what}: not available yet.` : `${what}. Next: ${next}`);

/** The tables of tenants in one place, each after those that it refers to. */
export async function placedTables(client: pg.Client): Promise<MovingTable[]> {
  return inReferenceOrder(await findTables(client));
}

async function findTables(client: pg.Client): Promise<Found[]> {
  const { rows } = await client.query<Found>(tablesSql, [templateSchema, ownTriggers]);
  return rows;
}

const tablesSql = `
  select
    format('%I.%I', nspname, relname) as name,
    relname::text as relation,
    array(
      select quote_ident(attname) from pg_attribute
      where attrelid = relation.oid and attnum > 0 and not attisdropped and attgenerated = ''
      order by attnum
    ) as columns,
    array(
      select format('%I %s %s', attname, format_type(atttypid, atttypmod), attgenerated) from pg_attribute
      where attrelid = relation.oid and attnum > 0 and not attisdropped
      order by attnum
    ) as shape,
    coalesce((
      select jsonb_agg(
        jsonb_build_object('name', quote_ident(attname), 'column', attname, 'type', format_type(atttypid, atttypmod))
        order by place
      )
      from pg_index
      cross join lateral unnest(indkey::int2[]) with ordinality as key (number, place)
      join pg_attribute on attrelid = indrelid and attnum = number
      where indrelid = relation.oid and indisprimary
    ), '[]') as key,
    coalesce((
      select jsonb_agg(jsonb_build_object('column', quote_ident(attname), 'sequence', sequence))
      from pg_attribute, pg_get_serial_sequence(format('%I.%I', nspname, relname), attname) as sequence
      where attrelid = relation.oid and attnum > 0 and not attisdropped and sequence is not null
    ), '[]') as sequences,
    array(
      select distinct quote_ident(attname)
      from pg_constraint
      cross join lateral unnest(conkey) as number
      join pg_attribute on attrelid = conrelid and attnum = number
      where contype = 'f' and conrelid = relation.oid and confrelid = relation.oid and not attnotnull
    ) as own,
    (
      select conname::text from pg_constraint
      where contype = 'f' and conrelid = relation.oid and confrelid = relation.oid
        and not exists (
          select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and not attnotnull
        )
      limit 1
    ) as closed,
    array(
      select format('%I.%I', other_schema.nspname, other.relname)
      from pg_constraint
      join pg_class as other on other.oid = confrelid
      join pg_namespace as other_schema on other_schema.oid = other.relnamespace
      where contype = 'f' and conrelid = relation.oid and confrelid <> relation.oid
    ) as "refersTo",
    array(
      select tgname::text from pg_trigger
      where tgrelid = relation.oid and not tgisinternal and tgenabled <> 'D' and tgname !~ $2
    ) as triggers
  from pg_class as relation
  join pg_namespace on pg_namespace.oid = relnamespace
  where nspname = $1
    and relkind in ('r', 'p')
    and not relispartition
    and exists (
      select from pg_attribute where attrelid = relation.oid and attname = 'tenant_id' and not attisdropped
    )
  order by 1`;

function inReferenceOrder(tables: readonly Found[]): MovingTable[] {
  const sorted = sortTables(tables);
  const circle = circleOf(sorted);
  if (circle !== undefined) throw refused(circle);
  return sorted.ordered;
}

interface Sorted {
  /** Each after those that it refers to. */
  readonly ordered: Found[];
  /** Those that refer to each other in a circle, and those that refer to these. */
  readonly circle: Found[];
}

function sortTables(tables: readonly Found[]): Sorted {
  const ordered: Found[] = [];
  let waiting = [...tables];
  for (;;) {
    const next = waiting.find(({ refersTo }) => !waiting.some(({ name }) => refersTo.includes(name)));
    if (next === undefined) return { ordered, circle: waiting };
    ordered.push(next);
    waiting = waiting.filter((other) => other !== next);
  }
}

function circleOf({ circle }: Sorted): Obstacle | undefined {
  if (circle.length === 0) return undefined;
  const names = circle.map(({ name }) => name).join(', ');
  return { what: `${names}: rows that refer to each other in a circle cannot be moved` };
}

/** Number and hash of a tenant's rows, whatever their order. */
export async function checksum(client: pg.Client, { name }: MovingTable, tenantId: string): Promise<string> {
  const { rows } = await client.query<{ sum: string }>(
    `select count(*) || ' ' || coalesce(sum(hashtextextended(moving::text collate "C", 0)::numeric), 0) as sum
    from ${name} as moving
    where tenant_id = $1`,
    [tenantId],
  );
  return rows[0]?.sum ?? '';
}

/** How many rows of a tenant each table has, in the order of the tables. */
export async function countRows(
  client: pg.Client,
  tables: readonly MovingTable[],
  tenantId: string,
): Promise<number[]> {
  const counts = tables.map(({ name }) => `(select count(*) from ${name} where tenant_id = $1)::integer`);
  const { rows } = await client.query<{ counts: number[] }>(`select array[${counts.join(', ')}] as counts`, [tenantId]);
  return rows[0]?.counts ?? [];
}
