import { type Expression, type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { id, isStorable, moment } from './fields.ts';
import { Problem } from './problem.ts';

interface Sort {
  readonly column: string;
  /** A number is an integer or a bigint: how others compare is not leakproof, so under row-level security their indexes go unused. */
  readonly type: 'time' | 'text' | 'number';
}

/** Columns by the name that clients sort by. Each has an index that starts with the tenant and ends with the id. */
export type Sorts = Readonly<Record<string, Sort>>;

interface Order extends Sort {
  readonly direction: 'asc' | 'desc';
}

/** A bigint is read as a text. */
type SortKey = string | number | Date;

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

const defaultLimit = 20;

/** Number() would also take blanks, exponents and hexadecimal digits. */
const digits = (value: unknown) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value);

/** The query parameters of every list; `-name` sorts downwards. */
export function listQuery(sorts: readonly ['createdAt', ...string[]]) {
  const both = sorts.flatMap((name) => [name, `-${name}`]) as [string, ...string[]];
  return z.object({
    limit: z
      .preprocess(digits, z.number().int().min(1).max(100))
      .default(defaultLimit)
      // The OpenAPI document would leave it out, because of the preprocessing.
      .meta({ override: { default: defaultLimit } }),
    cursor: z
      .string()
      .min(1)
      .max(4000)
      .optional()
      .meta({ description: '`nextCursor` of the page before; only with the same sort.' }),
    sort: z.enum(both).default('-createdAt'),
    q: z
      .string()
      .max(200)
      .refine(isStorable, 'holds a character that cannot be stored')
      .optional()
      .meta({ description: 'Finds beginnings, without regard to case.' }),
  });
}

/** The answer of every list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

function orderOf(sorts: Sorts, sort: string): Order {
  const name = sort.replace(/^-/, '');
  const found = sorts[name];
  if (found === undefined) throw new Error(`no column for the sort ${name}`);
  return { ...found, direction: sort.startsWith('-') ? 'desc' : 'asc' };
}

/** True for what a column of the type can be compared with. */
const isUsable: Readonly<Record<Order['type'], (value: string) => boolean>> = {
  text: isStorable,
  time: (value) => moment.safeParse(value).success,
  number: (value) => /^-?\d{1,19}$/.test(value),
};

const cursorContent = z.tuple([z.string(), z.string(), id]);

/** Reads a cursor back; it is the client's word, so everything about it is checked. */
function readCursor(
  cursor: string,
  sort: string,
  type: Order['type'],
): { readonly value: string; readonly id: string } {
  try {
    const [madeFor, value, id] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (madeFor === sort && isUsable[type](value)) return { value, id };
  } catch {
    // Said below.
  }
  throw new Problem(400, 'The cursor is not one of this list with this sort.', {
    errors: [{ field: 'cursor', message: 'is not a cursor of this list' }],
  });
}

/**
 * One page by keyset: as fast at the end of a list as at its beginning, and no row is skipped or repeated when others
 * are added. The query has to select `id`; the sort column is added as `sortKey`.
 */
export async function selectPage<DB, Table extends keyof DB, Row extends { readonly id: string }>(
  query: SelectQueryBuilder<DB, Table, Row>,
  { sort, cursor, limit }: { readonly sort: string; readonly cursor?: string | undefined; readonly limit: number },
  sorts: Sorts,
): Promise<Page<Row>> {
  const { column, type, direction } = orderOf(sorts, sort);
  const key = sql.ref<SortKey>(column);
  let page = query
    .select(key.as('sortKey'))
    .orderBy(key, direction)
    .orderBy(sql.ref('id'), direction)
    .limit(limit + 1);
  if (cursor !== undefined) {
    const after = readCursor(cursor, sort, type);
    const comparison = sql.raw(direction === 'asc' ? '>' : '<');
    page = page.where(sql<boolean>`(${key}, id) ${comparison} (${after.value}, ${after.id})`);
  }
  const rows = (await page.execute()) as (Row & { readonly sortKey: SortKey })[];
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items, nextCursor: null };
  const value = last.sortKey instanceof Date ? last.sortKey.toISOString() : String(last.sortKey);
  return { items, nextCursor: Buffer.from(JSON.stringify([sort, value, last.id])).toString('base64url') };
}

/**
 * A prefix search as a range: text comparisons are leakproof, so under row-level security the index is used, also by a
 * plan that was made for another value. LIKE would scan the whole tenant. `column` holds lower-cased text in the
 * collation "C".
 */
export function startsWith(column: string, prefix: string): Expression<boolean> {
  const from = sql<string>`lower(${prefix}::text)`;
  return sql<boolean>`(${sql.ref(column)} >= ${from} and ${sql.ref(column)} < ${from} || ${'\u{10ffff}'})`;
}
