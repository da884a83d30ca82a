import type { Relation } from '../catalog.ts';
import { injectionSwitches, tenantSetting } from '../context.ts';
import type { Recorder } from '../finding.ts';
import { insertSql, literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { restorePolicies } from './matrix.ts';

/** One form that injected SQL can take. `to` is an expression that changes a setting and gives a text. */
interface Payload {
  readonly threat: Threat;
  readonly name: string;
  readonly sql: (table: string, change: string, statement: string) => string;
}

/** Threats C5: a statement of the application becomes one of these when its text is put together from input. */
const payloads: readonly Payload[] = [
  { threat: 'C10', name: 'a second statement', sql: (table, change) => `select ${change}; select * from ${table}` },
  {
    threat: 'C5',
    name: 'stacked statements with SET LOCAL',
    sql: (table, _, statement) => `select * from ${table} where false; ${statement}; select * from ${table}`,
  },
  {
    threat: 'C8',
    name: 'set_config in WHERE',
    sql: (table, change) => `select * from ${table} where ${change} is not null`,
  },
  {
    threat: 'C5',
    name: 'set_config in a materialized CTE',
    sql: (table, change) =>
      `with s as materialized (select ${change} as x) select t.* from s, lateral (select * from ${table} where s.x is not null) as t`,
  },
  {
    threat: 'C8',
    name: 'set_config in a scalar sub-select',
    sql: (table, change) => `select (select ${change}) as x, t.* from ${table} as t`,
  },
  {
    threat: 'C5',
    name: 'set_config for every row',
    sql: (table, change) => `select t.*, case when tenant_id is not null then ${change} end as x from ${table} as t`,
  },
  {
    threat: 'C5',
    name: 'set_config before a second reading',
    sql: (table, change) =>
      `select ${change} as x union all select (select string_agg(t::text, ',') from ${table} as t)`,
  },
  {
    threat: 'C5',
    name: 'set_config and query_to_xml',
    sql: (table, change) =>
      `select ${change} as x, query_to_xml(${literal(`select * from ${table}`)}, true, false, '') as stolen`,
  },
  {
    threat: 'C5',
    name: 'set_config and table_to_xml',
    sql: (table, change) =>
      `select ${change} as x, table_to_xml(${literal(table)}::regclass, true, false, '') as stolen`,
  },
  {
    threat: 'C5',
    name: 'set_config inside query_to_xml',
    sql: (table, change) =>
      `select query_to_xml(${literal(`select ${change}`)}, true, false, '')::text, query_to_xml(${literal(`select * from ${table}`)}, true, false, '')::text as stolen`,
  },
  {
    threat: 'C5',
    name: 'set_config and a cursor',
    sql: (table, change) => `declare attack cursor for select * from ${table}; select ${change}; fetch all from attack`,
  },
  {
    threat: 'C5',
    name: 'a block of code',
    sql: (table, change) =>
      `do ${literal(`begin perform ${change}; perform set_config('attack.stolen', (select string_agg(t::text, ',') from ${table} as t), true); end`)}; select current_setting('attack.stolen') as stolen`,
  },
  {
    threat: 'C5',
    name: 'EXECUTE of a prepared statement',
    sql: (table, change) =>
      `prepare injected as select * from ${table}; select ${change}; execute injected; deallocate injected`,
  },
];

/** Runs as the attacker in its own genuine context, as the application would, with the payload inside. */
export async function injection(target: Target, recorder: Recorder): Promise<void> {
  // Where switching is an accepted risk it is no finding, but it has to be real: payloads that switch nothing attacked nothing.
  let switches = 0;
  const switched = injectionSwitches ? { ...recorder, find: () => void (switches += 1) } : recorder;
  for (const table of target.tables.filter(({ privileges }) => privileges.has('SELECT'))) {
    await control(target, recorder, table);
    await switchTenant(target, switched, table);
    await plant(target, switched, table);
  }
  if (injectionSwitches && switches === 0) {
    recorder.find({
      threat: 'control',
      object: tenantSetting,
      attack: 'switch tenants by injected SQL',
      leaked: 'could not attack: no payload switched, although this context lets them',
      reproduce: asTenant(target),
      fix: 'If injected SQL cannot switch tenants any more, set injectionSwitches to false in test/isolation/context.ts.',
    });
  }
  await flipSettings(target, recorder);
}

/** The payloads do what they are for: with the attacker's own genuine context they show the attacker's rows. */
async function control(target: Target, recorder: Recorder, table: Relation): Promise<void> {
  const { attacker, victim } = target.world;
  const [none] = target.contexts.bad(victim.id, attacker.id);
  const [[setting, value] = ['', '']] = target.contexts.own(attacker.id);
  const change = `set_config(${literal(setting)}, ${literal(value)}, true)`;
  const [outcome] = await target.attempt(none?.settings ?? [], `select ${change}; select * from ${table.name}`);
  recorder.check('control');
  const shown = (outcome?.rows ?? []).filter((row) => row['tenant_id'] === attacker.id).length;
  if (shown > 0 || (attacker.rows.get(table.name)?.length ?? 0) === 0) return;
  recorder.find({
    threat: 'control',
    object: table.name,
    attack: 'switch to the own tenant',
    leaked: `could not attack: ${outcome?.error?.message ?? 'no rows'}`,
    reproduce: asTenant(target),
    fix: 'npm run db:migrate',
  });
}

async function switchTenant(target: Target, recorder: Recorder, table: Relation): Promise<void> {
  const { attacker, victim } = target.world;
  const own = target.contexts.own(attacker.id);
  for (const value of target.contexts.switches(victim.id, attacker.id)) {
    const change = `set_config(${literal(tenantSetting)}, ${literal(value)}, true)`;
    const statement = `set local ${tenantSetting} = ${literal(value)}`;
    for (const { threat, name, sql } of payloads) {
      const text = sql(table.name, change, statement);
      const [outcome] = await target.attempt(own, text);
      if (text.startsWith('prepare')) await target.attempt([], 'deallocate all');
      recorder.check(threat);
      // The setting itself names the victim: the attacker wrote it there.
      const leak = outcome && target.detector.inRows(outcome.rows, victim.id);
      if (leak === undefined) continue;
      recorder.find({
        threat,
        object: table.name,
        attack: `injected SQL: ${name}`,
        leaked: `shows ${leak}`,
        reproduce: `${asTenant(target)}\n${text};`,
        fix: `Restore app.tenant_id() and the policies of ${table.name}:\n${restorePolicies(table.name, target.runtimeRole)}`,
      });
    }
  }
}

/** Switching in order to write. */
async function plant(target: Target, recorder: Recorder, table: Relation): Promise<void> {
  const { attacker, victim } = target.world;
  const spare = victim.spare.get(table.name);
  if (spare === undefined || !table.privileges.has('INSERT')) return;
  const columns = table.columns.filter(({ name, insertable }) => insertable && name in spare).map(({ name }) => name);
  const values = Object.fromEntries(columns.map((name) => [name, spare[name] ?? null]));
  for (const value of target.contexts.switches(victim.id, attacker.id)) {
    const change = `set_config(${literal(tenantSetting)}, ${literal(value)}, true)`;
    const outcomes = await target.attempt(
      target.contexts.own(attacker.id),
      `select ${change}; ${insertSql(table.name, values)}`,
    );
    recorder.check('C5');
    const [outcome] = outcomes;
    if (outcome === undefined || outcome.error !== undefined) continue;
    recorder.find({
      threat: 'C5',
      object: table.name,
      attack: 'injected SQL: plant a row',
      leaked: "is not refused: the row is the victim's",
      reproduce: `${asTenant(target)}\n${outcome.sql};`,
      fix: restorePolicies(table.name, target.runtimeRole),
    });
  }
}

const magic = ['on', 'true', '1', 'yes', 'off', 'admin', 'development', 'test', '*'];

/** Settings that a policy may look at, and those that others have used as a way around: whatever a session can set, injected SQL can. */
async function flipSettings(target: Target, recorder: Recorder): Promise<void> {
  const { attacker, victim } = target.world;
  const usual = [
    'row_security',
    'app.bypass_rls',
    'app.bypass',
    'app.is_admin',
    'app.role',
    'app.environment',
    'app.tenant_id',
    'app.current_tenant',
    'rls.bypass',
    'role',
  ];
  const settings = new Set([...usual, ...target.catalog.settings].filter((name) => name !== tenantSetting));
  for (const { name: table } of target.tables) {
    for (const setting of settings) {
      const values =
        usual.includes(setting) && !target.catalog.settings.includes(setting)
          ? ['true', victim.id]
          : [...magic, victim.id];
      for (const value of values) {
        const text = `select set_config(${literal(setting)}, ${literal(value)}, true); select * from ${table} limit 1000`;
        const [outcome] = await target.attempt(target.contexts.own(attacker.id), text);
        recorder.check('C6');
        const leak = outcome && target.detector.inRows(outcome.rows, victim.id);
        if (leak === undefined) continue;
        recorder.find({
          threat: 'C6',
          object: table,
          attack: `set ${setting}`,
          leaked: `${setting} = ${value} shows ${leak}`,
          reproduce: `${asTenant(target)}\n${text};`,
          fix: `Take ${setting} out of the policies of ${table}:\n${restorePolicies(table, target.runtimeRole)}`,
        });
      }
    }
  }
}
