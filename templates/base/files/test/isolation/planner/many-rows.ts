import pg from 'pg';
import { counted } from '../../../src/counted.ts';
import type { Relation } from '../catalog.ts';
import { tenantSetting } from '../context.ts';
import type { Recorder } from '../finding.ts';
import { restorePolicies } from '../groups/matrix.ts';
import { isSuperuser } from '../privileged.ts';
import { attemptsInside } from '../session.ts';
import { identifier, literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import { filtersOf, initPlanLoops, lateScans, readPlan, showScan } from './plan.ts';
import { pointRead, type Shape, withValues } from './shapes.ts';

/** How many rows others have each, beside a tenant that has a fifth of them all. */
const small = 4;
const largeOf = (rowCount: number): number => rowCount / 5;
const inWords = (rowCount: number): string => `${rowCount.toLocaleString('en')} rows`;

/** What it takes of a target. */
type Reached = Pick<Target, 'admin' | 'contexts' | 'runtime' | 'runtimeRole'> & {
  readonly world: Pick<Target['world'], 'attacker'>;
};

/** Fills a table with so many rows in a transaction, looks how PostgreSQL goes about it and how often it calls the policies' functions, and takes the rows back. */
export async function readManyRows(
  target: Reached,
  recorder: Recorder,
  table: Relation,
  rowCount = 100_000,
): Promise<void> {
  const { admin, world } = target;
  const leave = (why: string) =>
    recorder.leave({ threat: 'C13', why: `${table.name} at ${inWords(rowCount)}: ${why}` });
  if (!(await isSuperuser(admin))) return leave('needs a superuser');
  await admin.query('begin');
  try {
    const tenant = await multiply(admin, table, world.attacker.id, rowCount);
    if (tenant === undefined) return leave('there is no row to copy');
    for (const who of [world.attacker.id, tenant]) await explainAs(target, recorder, table, { tenant: who, rowCount });
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    leave(error.message);
  } finally {
    await admin.query('rollback');
    // Rows that were taken back would slow down whoever reads the table next.
    await admin.query(`vacuum ${table.name}`);
  }
}

/** Ids in the order of their numbers: an index takes these fastest. */
const numbered = (n: string): string => `('ffffffff-ffff-4fff-8fff-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

/** Copies one of the large tenant's rows, with ids of its own and a time of its own; returns the id of a small tenant. */
async function multiply(
  admin: pg.Client,
  table: Relation,
  largeTenant: string,
  rowCount: number,
): Promise<string | undefined> {
  // References are not what is looked at, and keys beside the primary one would have to differ. Parallel workers would count calls for themselves.
  await admin.query(
    `set local session_replication_role = replica; set local track_functions = 'all'; set local max_parallel_workers_per_gather = 0`,
  );
  // Rows of many tenants in one table, also where each has its own.
  await admin.query(`alter table ${table.name} drop constraint if exists tenant_here`);
  for (const { name, primary, constraint } of await keysOf(admin, table)) {
    if (primary) continue;
    await admin.query(
      constraint ? `alter table ${table.name} drop constraint ${name} cascade` : `drop index ${table.schema}.${name}`,
    );
  }
  const columns = table.columns.filter(({ generated }) => !generated);
  const values = columns.map(({ name, type, baseType, category }) => {
    if (name === 'tenant_id') return 'many.tenant';
    if (name === 'created_at') return `now() - many.n * interval '1 minute'`;
    const isKey = table.uniques.some((unique) => unique.primary && unique.columns.includes(name));
    if (isKey && baseType === 'uuid') return numbered('many.n');
    if (isKey && (category === 'N' || category === 'S')) return `many.n::text::${type}`;
    return `original.${identifier(name)}`;
  });
  const inserted = await admin.query(`
    insert into ${table.name} (${columns.map(({ name }) => identifier(name)).join(', ')}) overriding system value
    select ${values.join(', ')}
    from (select * from ${table.name} where tenant_id = ${literal(largeTenant)} limit 1) as original,
      (
        select n, case when n <= ${largeOf(rowCount)} then ${literal(largeTenant)}::uuid else ${numbered(`n / ${small}`)} end as tenant
        from generate_series(1, ${rowCount}) as n
      ) as many`);
  if (inserted.rowCount === 0) return undefined;
  await admin.query(`analyze ${table.name}`);
  const { rows } = await admin.query<{ id: string }>(`select ${numbered(`${rowCount / small - 1}`)} as id`);
  return rows[0]?.id;
}

async function keysOf(admin: pg.Client, { name }: Relation) {
  const { rows } = await admin.query<{ name: string; primary: string; constraint: string }>(
    `select quote_ident(x.relname) as name, indisprimary as primary, exists (select from pg_constraint where conindid = i.indexrelid and conrelid = i.indrelid) as constraint
    from pg_index i join pg_class x on x.oid = i.indexrelid where indrelid = ${literal(name)}::regclass and (indisunique or indisexclusion)`,
  );
  return rows.map((row) => ({ name: row.name, primary: row.primary === 't', constraint: row.constraint === 't' }));
}

async function explainAs(
  target: Reached,
  recorder: Recorder,
  table: Relation,
  { tenant, rowCount }: { readonly tenant: string; readonly rowCount: number },
): Promise<void> {
  const { admin, runtime, contexts, runtimeRole } = target;
  const attempt = attemptsInside(admin, runtime);
  const settings = contexts.own(tenant);
  const { rows } = await admin.query<Record<string, string>>(
    `select * from ${table.name} where tenant_id = ${literal(tenant)} order by ctid desc limit 1`,
  );
  const own = tenant === target.world.attacker.id ? largeOf(rowCount) : small;
  const who = `as a tenant with ${own} of ${inWords(rowCount)}`;
  const find = (what: string, text: string, leaked: string) =>
    recorder.find({
      threat: 'C13',
      object: table.name,
      attack: `${what} ${who}`,
      leaked,
      reproduce: `${asTenant(target)}\nexplain analyze ${text};`,
      fix: restorePolicies(table.name, runtimeRole),
    });
  for (const shape of [...pointRead(table, rows[0] ?? {}), firstPage(table)]) {
    const text = withValues(shape);
    const [outcome] = await attempt(settings, `explain (analyze, timing off, format json) ${text}`);
    recorder.check('C13');
    if (outcome?.error !== undefined) throw outcome.error;
    const plan = readPlan(outcome?.rows[0]?.['QUERY PLAN'] ?? '');
    // A few rows are read sequentially with good reason: an empty partition, a page of a tenant that has most rows.
    const late = lateScans(plan, 'subject', shape.aliases['subject'] ?? []).find(
      ({ removed }) => removed > allowedRows,
    );
    if (late !== undefined)
      find(shape.what, text, `${showScan(late)}: it read ${counted(late.removed, 'row')} for nothing`);
    const loops = Math.max(0, ...initPlanLoops(plan));
    if (loops > 1) find(shape.what, text, `the policies ask for the tenant ${loops} times`);
  }
  const text = `select count(*) from ${table.name}`;
  const outcomes = await attempt(
    settings,
    'set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off',
    callsSoFar,
    text,
    callsSoFar,
    `explain (format json) ${text}`,
  );
  recorder.check('C13');
  const [before, , after, planned] = outcomes.slice(1).map(({ rows: [row] }) => row);
  const calls = Number(after?.['calls']) - Number(before?.['calls']);
  if (Number.isNaN(calls) || planned === undefined)
    throw outcomes.at(-1)?.error ?? new Error('functions were not counted');
  if (calls > allowedCalls) find('every row, one after the other', text, `policies called functions ${calls} times`);
  // What the planner put in place of a function is not counted.
  const asked = filtersOf(readPlan(planned['QUERY PLAN'] ?? '')).find((filter) =>
    filter.includes(`'${tenantSetting}'`),
  );
  if (asked !== undefined)
    find('every row, one after the other', text, `policies read ${tenantSetting} for each: ${asked}`);
}

const callsSoFar = 'select coalesce(sum(calls), 0) as calls from pg_stat_xact_user_functions';
const allowedRows = 1000;
/** A call for each policy, and more policies than anybody has. */
const allowedCalls = 10;

function firstPage(table: Relation): Shape {
  const isAged = ['created_at', 'id'].every((name) => table.columns.some((column) => column.name === name));
  const text = `select * from ${table.name} as subject${isAged ? ' order by created_at desc, id desc' : ''} limit 21`;
  return { what: 'the first page', text, values: [], aliases: { subject: [] } };
}
