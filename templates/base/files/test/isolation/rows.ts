import pg from 'pg';
import type { Catalog, Column, ForeignKey, Relation } from './catalog.ts';
import { rowFactories } from './factories.ts';
import { identifier, insertSql, literal, type Values } from './sql.ts';
import { type Candidate, candidates, otherState } from './values.ts';

/** For whom a row is made, and the how manieth it is. */
export interface RowRequest {
  readonly table: Relation;
  readonly tenant: { readonly id: string; readonly marker: string } | undefined;
  readonly n: number;
  /** Natural keys are the same for every tenant. */
  readonly shared: boolean;
  readonly fixed?: Values;
}

/** No row can be made: the catalog says too little, or another row would have to be there first. The message says why. */
export class NoRowError extends Error {
  /** What makes one possible. */
  readonly fix: string;
  /** True when each row that could be made is there already. */
  readonly occupied: boolean;
  /** The table that would need a row first. */
  readonly needs: string | undefined;

  constructor(message: string, more: { readonly fix: string; readonly occupied?: boolean; readonly needs?: string }) {
    super(message);
    this.fix = more.fix;
    this.occupied = more.occupied ?? false;
    this.needs = more.needs;
  }
}

const mostTries = 800;

/** Inserts a row that satisfies the table's types, checks and references, by trial, as who may see every row; inside a transaction. Returns what was given to the insert. */
export async function makeRow(client: pg.ClientBase, catalog: Catalog, request: RowRequest): Promise<Values> {
  const { table, tenant, fixed = {} } = request;
  const given: Record<string, string | null> = {
    ...(tenant !== undefined && table.hasTenant && { tenant_id: tenant.id }),
    ...fixed,
  };
  const choices = new Map<string, Choice>();
  for (const column of table.columns) {
    const make = rowFactories[table.name]?.[column.name];
    if (make !== undefined) choices.set(column.name, { makers: [({ n }) => make(n)], at: 0 });
    else if (isChosen(table, column) && !(column.name in given))
      choices.set(column.name, { makers: candidates(column, checksOf(table, column.name)), at: 0 });
  }
  let n = request.n;
  let shared = request.shared;
  for (let tries = 1; ; tries++) {
    const references = await referencedValues(client, catalog, { ...request, n }, given);
    const values: Record<string, string | null> = { ...given };
    for (const [name, { makers, at }] of choices) {
      const seed = { marker: tenant?.marker ?? 'global', n, shared: shared && inTenantKey(table, name) };
      values[name] = isVaried(table, name, n) ? null : (makers[at]?.(seed) ?? null);
    }
    Object.assign(values, references);
    const error = await tryInsert(client, insertSql(table.name, values));
    if (error === undefined) return values;
    if (tries === mostTries) throw noRow(table, error);
    if (error.code === '23505' || error.code === '23P01') {
      n += 7;
      shared = false;
      if (tries > 40) throw noRow(table, error);
      continue;
    }
    const key = emptyReference(table, error, references);
    if (key !== undefined) throw nothingToReferTo(table, key, error.column);
    const blamed = await blame(client, table, error, values);
    if (!advance(blamed.flatMap((name) => choices.get(name) ?? []))) throw noRow(table, error);
  }
}

interface Choice {
  readonly makers: readonly Candidate[];
  at: number;
}

/** Like an odometer: the first choice turns fastest. False when all combinations were tried. */
function advance(choices: readonly Choice[]): boolean {
  for (const choice of choices) {
    choice.at += 1;
    if (choice.at < choice.makers.length) return true;
    choice.at = 0;
  }
  return false;
}

async function tryInsert(client: pg.ClientBase, text: string): Promise<pg.DatabaseError | undefined> {
  await client.query('savepoint row');
  try {
    await client.query(text);
    await client.query('release savepoint row');
    return undefined;
  } catch (error) {
    await client.query('rollback to savepoint row');
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
}

/** The columns that the server's complaint is about. */
async function blame(
  client: pg.ClientBase,
  table: Relation,
  error: pg.DatabaseError,
  values: Values,
): Promise<readonly string[]> {
  if (error.code === '23514' && error.constraint !== undefined) {
    const check = table.checks.find(({ name }) => name === error.constraint);
    if (check !== undefined) return check.columns;
  }
  if (error.code === '23514' && /partition/.test(error.message)) return table.partitionKey;
  if (error.code === '23502' && error.column !== undefined) return [error.column];
  if (!/^(22|23514|42804)/.test(error.code ?? '')) return [];
  const blamed = [];
  for (const column of table.columns) {
    const value = values[column.name];
    if (value === undefined || value === null) continue;
    if ((await tryInsert(client, `select ${literal(value)}::${column.type}`)) !== undefined) blamed.push(column.name);
  }
  return blamed.slice(0, 1);
}

/** What a foreign key of the row refers to: a row of the same tenant, made when there is none and the table is not the tenants' own. */
async function referencedValues(
  client: pg.ClientBase,
  catalog: Catalog,
  request: RowRequest,
  given: Values,
): Promise<Values> {
  const found: Record<string, string | null> = {};
  for (const [at, key] of request.table.foreignKeys.entries()) {
    const target = catalog.relations.find(({ name }) => name === key.target);
    if (target === undefined || key.columns.every((column) => column in given && !isOwn(target, key, column))) {
      if (target !== undefined) await ensureRow(client, catalog, target, key, given);
      continue;
    }
    const row =
      (await rowOf(client, target, key, request, at)) ??
      (target.hasTenant ? undefined : await makeRow(client, catalog, { ...request, table: target, tenant: undefined }));
    for (const [index, column] of key.columns.entries()) {
      if (column in given) continue;
      found[column] = row === undefined ? null : (row[key.targetColumns[index] as string] ?? null);
    }
  }
  return found;
}

const isOwn = (target: Relation, key: ForeignKey, column: string): boolean =>
  target.hasTenant && column === 'tenant_id' && key.columns.length > 1;

async function rowOf(
  client: pg.ClientBase,
  target: Relation,
  key: ForeignKey,
  { tenant, n }: RowRequest,
  at: number,
): Promise<Values | undefined> {
  const columns = key.targetColumns.map((column) => `${identifier(column)}::text as ${identifier(column)}`).join(', ');
  const mine = target.hasTenant && tenant !== undefined ? `where tenant_id = ${literal(tenant.id)}` : '';
  const { rows } = await client.query<Values>(`select ${columns} from ${target.name} ${mine} order by 1 limit 50`);
  // Two references of one row go through all pairs, not only those of the first with the first.
  const count = Math.max(1, rows.length);
  return rows[(n + at * Math.floor(n / count)) % count];
}

/** Makes the row that fixed values refer to, for example the tenant itself. */
async function ensureRow(
  client: pg.ClientBase,
  catalog: Catalog,
  target: Relation,
  key: ForeignKey,
  given: Values,
): Promise<void> {
  const fixed = Object.fromEntries(
    key.columns.map((column, index) => [key.targetColumns[index] as string, given[column] ?? null]),
  );
  const condition = Object.entries(fixed).map(([name, value]) => `${identifier(name)} = ${literal(value)}`);
  const { rowCount } = await client.query(`select from ${target.name} where ${condition.join(' and ')} limit 1`);
  if (rowCount === 0)
    await makeRow(client, catalog, { table: target, tenant: undefined, n: Date.now() % 1000, shared: false, fixed });
}

/** The reference that must not be left empty, and that no row is there for. */
function emptyReference(
  table: Relation,
  { code, column = '' }: pg.DatabaseError,
  references: Values,
): ForeignKey | undefined {
  if (code !== '23502' || references[column] !== null) return undefined;
  return table.foreignKeys.find(({ columns }) => columns.includes(column));
}

function nothingToReferTo({ name }: Relation, { target }: ForeignKey, column = ''): NoRowError {
  return new NoRowError(`${column} has to refer to a row of ${target}, and there is none`, {
    fix: `alter table ${name} alter column ${identifier(column)} drop not null; -- so that there can be a first row`,
    needs: target,
  });
}

/** Every other row leaves out moments that may be left out: what is not deleted, revoked or expired is worth more to an attacker. */
function isVaried(table: Relation, name: string, n: number): boolean {
  const column = table.columns.find((each) => each.name === name);
  return n % 2 === 1 && column?.category === 'D' && !column.notNull;
}

/** Values by which a row is an old one and not in the states that rows begin in: some functions, policies and views are about those. */
export function pastValues(table: Relation): Values {
  const keys = [...table.uniques, ...table.foreignKeys].flatMap(({ columns }) => columns);
  const left = table.columns.filter(
    (column) =>
      column.default !== null && !isChosen(table, column) && ![...keys, ...table.partitionKey].includes(column.name),
  );
  const values = left.map((column) => [column.name, otherState(column, checksOf(table, column.name))] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Values;
}

/** What has a default is left to it, except what tells rows apart and what would take a number from a sequence. */
function isChosen(table: Relation, column: Column): boolean {
  if (column.generated) return false;
  if (column.identity || column.default?.includes('nextval') === true) return true;
  return column.default === null || table.uniques.some(({ columns }) => columns.includes(column.name));
}

function checksOf(table: Relation, column: string): string[] {
  const checks = table.checks.filter(({ columns }) => columns.includes(column)).map(({ text }) => text);
  return table.partitionKey.includes(column)
    ? [...checks, ...table.partitionBounds.map((bound) => bound.replace(/('[^']*')/g, '$1::'))]
    : checks;
}

/** True for a part of a key that every tenant has to itself. */
function inTenantKey(table: Relation, column: string): boolean {
  const keys = table.uniques.filter(({ columns }) => columns.includes(column));
  return keys.length > 0 && keys.every(({ columns }) => columns.includes('tenant_id'));
}

/** A trigger finds what it names on the search path of whoever writes the row: there is nothing on the application's. */
function searchPathFix({ code, where }: pg.DatabaseError): string | undefined {
  const [, name] = /PL\/pgSQL function (?:\w+\.)?(\S+\(.*?\)) line/.exec(where ?? '') ?? [];
  if (name === undefined || !/^42(P01|883|704)$/.test(code ?? '')) return undefined;
  return `Add a file to db/migrations/tenant: alter function ${name} set search_path from current;`;
}

function noRow(table: Relation, error: pg.DatabaseError): NoRowError {
  const column =
    error.column ??
    table.columns.find(({ type }) => type === error.dataType || type.endsWith(`.${error.dataType}`))?.name ??
    table.checks.find(({ name }) => name === error.constraint)?.columns[0] ??
    table.columns.find(({ name }) => name !== 'tenant_id')?.name ??
    'column';
  return new NoRowError(error.message, {
    fix:
      searchPathFix(error) ??
      `Add to rowFactories in test/isolation/factories.ts: '${table.name}': { ${column}: (n) => '...' },`,
    occupied: error.code === '23505' || error.code === '23P01',
  });
}
