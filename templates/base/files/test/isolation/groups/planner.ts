import type { Arena } from '../arena.ts';
import type { Relation } from '../catalog.ts';
import type { Finding, Recorder } from '../finding.ts';
import { readManyRows } from '../planner/many-rows.ts';
import { lateScans, readPlan, showScan } from '../planner/plan.ts';
import { execution, type Shape, shapesOf, withValues } from '../planner/shapes.ts';
import { literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import { mayHold } from '../world.ts';
import { restorePolicies } from './matrix.ts';

const modes = ['force_custom_plan', 'force_generic_plan'];

/** Plans of the runtime role's statements: the policies have to choose the rows by index, before anything is read. */
export async function planner({ target, mode, own }: Arena, recorder: Recorder): Promise<void> {
  const readable = target.tables.filter(
    ({ schema, privileges, parent }) =>
      privileges.has('SELECT') && parent === null && mayHold(schema, target.world.attacker),
  );
  for (const table of readable) {
    recorder.check('C13');
    if (await hasTenantIndex(target, table.name)) await explainShapes(target, recorder, table);
    else recorder.find(withoutIndex(table.name));
  }
  if (mode !== 'full') return;
  if (own === undefined) {
    recorder.leave({ threat: 'C13', why: 'plans at 100,000 rows: on a database of its own only' });
    return;
  }
  for (const table of readable) await readManyRows(target, recorder, table);
}

/** With sequential scans made unattractive: on few rows they are right, and say nothing. */
async function explainShapes(target: Target, recorder: Recorder, table: Relation): Promise<void> {
  const shapes = shapesOf(target, table);
  const explained = modes.flatMap((mode) => shapes.map((shape, at) => ({ mode, shape, name: `planner_${at}` })));
  const statements = [
    'set local enable_seqscan = off',
    ...shapes.map(({ text }, at) => `prepare planner_${at} as ${text}`),
    ...explained.flatMap(({ mode, shape, name }) => [
      `set local plan_cache_mode = ${mode}`,
      `explain (format json) ${execution(name, shape)}`,
    ]),
  ];
  const [outcome] = await target.attempt(target.contexts.own(target.world.attacker.id), statements.join('; '));
  await target.attempt([], 'deallocate all');
  if (outcome?.error !== undefined) {
    recorder.leave({ threat: 'C13', why: `plans of ${table.name}: ${outcome.error.message}` });
    return;
  }
  recorder.check('C13', explained.length);
  for (const [at, row] of (outcome?.rows ?? []).entries()) {
    const { mode, shape } = explained[at] as (typeof explained)[number];
    const plan = readPlan(row['QUERY PLAN'] ?? '');
    for (const [alias, keys] of Object.entries(shape.aliases)) {
      const [late] = lateScans(plan, alias, keys);
      if (late !== undefined) return recorder.find(await lateFinding(target, table, shape, mode, showScan(late)));
    }
  }
}

const withoutIndex = (table: string): Finding => ({
  threat: 'C13',
  object: table,
  attack: 'look for an index that starts with the tenant',
  leaked: 'has none: each statement reads the rows of every tenant before the policies choose',
  reproduce: `select indexdef from pg_indexes where format('%I.%I', schemaname, tablename) = ${literal(table)};`,
  fix: `create index on ${table} (tenant_id);`,
});

async function lateFinding(
  target: Target,
  { name }: Relation,
  shape: Shape,
  mode: string,
  line: string,
): Promise<Finding> {
  return {
    threat: 'C13',
    object: name,
    attack: `explain ${shape.what} (plan_cache_mode ${mode})`,
    leaked: `${line}: ${await policiesOf(target, name)} do not choose the rows by one look at an index`,
    reproduce: [
      asTenant(target),
      'set local enable_seqscan = off;',
      `set local plan_cache_mode = ${mode};`,
      `explain ${withValues(shape)};`,
    ].join('\n'),
    fix: restorePolicies(name, target.runtimeRole),
  };
}

async function policiesOf({ admin, runtimeRole }: Target, table: string): Promise<string> {
  const { rows } = await admin.query<{ names: string | null }>(
    `select string_agg(quote_ident(polname), ' and ' order by polpermissive, polname) as names from pg_policy
    where polrelid = ${literal(table)}::regclass and exists (select from unnest(polroles) as role where role = 0 or pg_has_role(${literal(runtimeRole)}, role, 'USAGE'))`,
  );
  return rows[0]?.names ?? 'policies';
}

async function hasTenantIndex({ admin }: Target, table: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `select from pg_index join pg_attribute a on a.attrelid = indrelid and a.attnum = indkey[0]
    where indrelid = ${literal(table)}::regclass and indisvalid and indpred is null and a.attname = 'tenant_id'`,
  );
  return rowCount !== 0;
}
