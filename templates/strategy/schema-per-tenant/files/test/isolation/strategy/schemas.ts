import { findDrift } from '../../../src/tenancy/places/drift.ts';
import { schemaOf, templateSchema } from '../../../src/tenancy/schema.ts';
import type { Relation } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { goingThere, homeOf } from '../homes.ts';
import { attemptsAsLogin, attemptsInside, type Attempt } from '../session.ts';
import { insertSql, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { schemaRules } from './lint.ts';

/** Everything at the borders of the tenants' schemas: other schemas, missing ones, roles, and what ties one to another. */
export async function schemas(target: Target, recorder: Recorder): Promise<void> {
  const attempt =
    target.own && target.login !== undefined
      ? attemptsAsLogin(target.login, () => [])
      : attemptsInside(target.admin, { ...target.runtime, first: () => [] });
  const tables = target.tables.filter(({ schema }) => homeOf(schema) === target.world.victim.id);
  await reach(target, recorder, attempt, tables);
  await becomeTheVictim(target, recorder, attempt, tables);
  await plant(target, recorder, tables);
  await fallThrough(target, recorder, attempt, tables);
  if (target.own) await withoutSchema(target, recorder, tables);
  else
    recorder.leave({
      threat: 'J1',
      why: 'a schema that is missing, on a database that was given: on the suite’s own only',
    });
  await lintSchemas(target, recorder);
  await drift(target, recorder);
}

/** What the application sets for a statement of the attacker. */
const asAttacker = ({ world, contexts }: Target) => [
  ...contexts.own(world.attacker.id),
  ...goingThere([schemaOf(world.attacker.id)]),
];

const shown = (target: Target, text: string): string =>
  `-- as ${target.runtimeRole}, having become ${schemaOf(target.world.attacker.id)}, in the context of the attacker\n${text};`;

/** J3: the attacker's role, and the runtime role by itself, get at no table of the victim, whatever they try. */
async function reach(target: Target, recorder: Recorder, attempt: Attempt, tables: readonly Relation[]): Promise<void> {
  const { contexts, world } = target;
  for (const { name, columns } of tables) {
    const [column] = columns;
    const statements = [
      `select * from ${name}`,
      `select count(*) from ${name}`,
      `copy ${name} to stdout`,
      `update ${name} set ${column?.name} = ${column?.name}`,
      `delete from ${name}`,
      `insert into ${name} select * from ${name}`,
      `truncate ${name}`,
      `lock table ${name} in access share mode`,
    ];
    for (const [who, settings] of [
      ["the attacker's role", asAttacker(target)],
      ['the runtime role by itself', contexts.own(world.attacker.id)],
    ] as const) {
      for (const text of statements) {
        const [outcome] = await attempt(settings, text);
        const attack = `${text.split(' ')[0]} as ${who}`;
        recorder.check('J3', attack);
        if (outcome?.error?.code === '42501') continue;
        recorder.find({
          threat: 'J3',
          object: name,
          attack,
          leaked: outcome?.error === undefined ? 'is allowed' : `only this stops it: ${outcome.error.message}`,
          reproduce: shown(target, text),
          fix: `revoke all on schema ${schemaOf(world.victim.id)} from public, ${target.runtimeRole}, ${schemaOf(world.attacker.id)};`,
        });
      }
    }
  }
}

/** A4: injected SQL becomes the victim's role, in every form; the context, which it cannot make, still names the attacker. */
async function becomeTheVictim(
  target: Target,
  recorder: Recorder,
  attempt: Attempt,
  tables: readonly Relation[],
): Promise<void> {
  const { victim } = target.world;
  const there = schemaOf(victim.id);
  const change = `set_config('role', '${there}', true)`;
  const path = `set_config('search_path', '${there}', true)`;
  for (const { name } of tables) {
    const bare = name.split('.')[1] ?? '';
    const every = literal(`select * from ${name}`);
    const payloads: Readonly<Record<string, string>> = {
      'a second statement': `select ${change}; select * from ${name}`,
      'SET ROLE': `set local role ${there}; select * from ${name}`,
      'SET ROLE by way of RESET': `reset role; set role ${there}; select * from ${name}`,
      'the search path too': `select ${change}, ${path}; select * from ${bare}`,
      'set_config and query_to_xml': `select ${change} as x, query_to_xml(${every}, true, false, '') as stolen`,
      'the search path and query_to_xml': `select ${change} as x, ${path} as y, query_to_xml(${literal(`select * from ${bare}`)}, true, false, '') as stolen`,
      'set_config inside query_to_xml': `select query_to_xml(${literal(`select ${change}`)}, true, false, '')::text, query_to_xml(${every}, true, false, '')::text as stolen`,
      'set_config and schema_to_xml': `select ${change} as x, schema_to_xml('${there}', true, false, '') as stolen`,
      'set_config and a cursor': `select ${change}; declare attack cursor for select * from ${name}; fetch all from attack`,
      'set_config and cursor_to_xml': `select ${change}; declare attack cursor for select * from ${name}; select cursor_to_xml('attack', 100, true, false, '') as stolen`,
      'a block of code': `do ${literal(`begin perform ${change}; perform set_config('application_name', (select string_agg(t::text, ',') from ${name} as t), true); end`)}; select current_setting('application_name') as stolen`,
      'EXECUTE of a prepared statement': `select ${change}; prepare injected as select * from ${name}; execute injected; deallocate injected`,
    };
    for (const [form, text] of Object.entries(payloads)) {
      const [outcome] = await attempt(asAttacker(target), text);
      if (text.includes('prepare')) await attempt([], 'deallocate all');
      const attack = `injected SQL becomes the victim's role: ${form}`;
      recorder.check('A4', attack);
      const leak = outcome && target.detector.inRows(outcome.rows, victim.id);
      if (leak === undefined) continue;
      recorder.find({
        threat: 'A4',
        object: name,
        attack,
        leaked: `shows ${leak}`,
        reproduce: shown(target, text),
        fix: 'npm run tenant -- drift tells which policies of the schema are not as the migrations make them.',
      });
    }
  }
}

/** J3: no row of one tenant gets into the schema of another, not by its own role in the other's context, and not by an administrator's mistake. */
async function plant(target: Target, recorder: Recorder, tables: readonly Relation[]): Promise<void> {
  const { admin, world, attempt, contexts } = target;
  const { attacker, victim } = world;
  for (const { name } of tables) {
    const spare = victim.spare.get(name);
    if (spare === undefined) continue;
    const text = insertSql(name, { ...spare, tenant_id: attacker.id });
    const [outcome] = await attempt(contexts.own(attacker.id), text);
    await admin.query(target.own ? 'begin' : 'savepoint planting');
    const [byAdmin] = await attemptsInside(admin, { become: 'select', leave: 'select', first: () => [] })([], text);
    await admin.query(target.own ? 'rollback' : 'rollback to savepoint planting');
    for (const [who, found] of [
      ["the victim's role in the attacker's context", outcome],
      ['an administrator', byAdmin],
    ] as const) {
      const attack = `${who} puts a row of the attacker into the victim's table`;
      recorder.check('J3', attack);
      if (found?.error?.code === '23514' || (who !== 'an administrator' && found?.error?.code === '42501')) continue;
      recorder.find({
        threat: 'J3',
        object: name,
        attack,
        leaked: found?.error === undefined ? 'is not refused' : `only this stops it: ${found.error.message}`,
        reproduce: `${text};`,
        fix: `alter table ${name} add constraint tenant_here check (tenant_id = '${victim.id}');`,
      });
    }
  }
}

/** J1: a search path that leads nowhere finds no tables, and neither does the one that a connection starts with. */
async function fallThrough(
  target: Target,
  recorder: Recorder,
  attempt: Attempt,
  tables: readonly Relation[],
): Promise<void> {
  const { attacker } = target.world;
  const own = schemaOf(attacker.id);
  const nowhere = schemaOf('ffffffff-ffff-4fff-bfff-ffffffffffff');
  const paths: Readonly<Record<string, string>> = {
    'a schema that is not there': `set local search_path = ${nowhere}, pg_temp`,
    'the search path of a new connection': 'set local search_path to default',
    'every schema that may have been forgotten': `set local search_path = public, app, platform, ${templateSchema}`,
  };
  for (const { name } of tables) {
    const bare = name.split('.')[1] ?? '';
    for (const [what, path] of Object.entries(paths)) {
      for (const role of [`set local role ${own}`, 'reset role']) {
        const text = `${role}; ${path}; select relnamespace::regnamespace::text as schema from pg_class where oid = to_regclass('${bare}')`;
        const [outcome] = await attempt(asAttacker(target), text);
        const attack = `look for the table in ${what}${role === 'reset role' ? ', as the runtime role' : ''}`;
        recorder.check('J1', attack);
        const found = outcome?.rows[0]?.['schema'];
        // "$user" is the role, and its schema the tenant's own.
        if (outcome?.error === undefined && (found === undefined || (found === own && role !== 'reset role'))) continue;
        recorder.find({
          threat: 'J1',
          object: bare,
          attack,
          leaked: `finds one in ${found ?? outcome?.error?.message}`,
          reproduce: shown(target, text),
          fix: `Drop the table ${bare} outside of the tenants' schemas, or revoke everything on it from public.`,
        });
      }
    }
  }
}

/** J1, J2: without its schema, or without a table in it, a tenant is not found or reads nothing; what is missing is looked for nowhere else. */
async function withoutSchema(target: Target, recorder: Recorder, tables: readonly Relation[]): Promise<void> {
  const { admin, world, runtime } = target;
  const inside = attemptsInside(admin, { ...runtime, first: () => [] });
  await admin.query('begin');
  try {
    await admin.query(`alter schema ${schemaOf(world.victim.id)} rename to gone`);
    const text = `select * from platform.find_tenant(${literal(world.victim.slug)})`;
    const [outcome] = await inside([], text);
    const attack = 'look a tenant up whose schema is missing';
    recorder.check('J1', attack);
    if (outcome?.error === undefined && (outcome?.rows.length ?? 0) > 0) {
      recorder.find({
        threat: 'J1',
        object: 'platform.find_tenant(text)',
        attack,
        leaked: 'answers, and the application would enter a schema that is not there',
        reproduce: `${text};`,
        fix: 'Let platform.find_tenant() ask for the schema, as db/migrations/platform/0008_tenant_schemas.sql has it.',
      });
    }
  } finally {
    await admin.query('rollback');
  }
  for (const { name } of tables) {
    const bare = name.split('.')[1] ?? '';
    await admin.query('begin');
    try {
      await admin.query(`alter table ${schemaOf(world.attacker.id)}.${bare} rename to gone`);
      const [outcome] = await inside(asAttacker(target), `select * from ${bare}`);
      const attack = 'read a table that is missing from the own schema';
      recorder.check('J2', attack);
      if (outcome?.error?.code === '42P01') continue;
      recorder.find({
        threat: 'J2',
        object: bare,
        attack,
        leaked: outcome?.error === undefined ? `shows ${outcome?.rowCount} rows of another one` : outcome.error.message,
        reproduce: shown(target, `select * from ${bare}`),
        fix: `Drop the table ${bare} outside of the tenants' schemas.`,
      });
    } finally {
      await admin.query('rollback');
    }
  }
}

type Row = {
  readonly object: string;
  readonly leaked: string;
  readonly fix: string;
};

async function lintSchemas(target: Target, recorder: Recorder): Promise<void> {
  for (const { threat, attack, sql } of schemaRules(target)) {
    const { rows } = await target.admin.query<Row>(sql);
    recorder.check(threat, attack);
    for (const { object, leaked, fix } of rows)
      recorder.find({ threat, object, attack, leaked, reproduce: leaked, fix });
  }
}

/** J7: what is not as the migrations make it was changed by somebody, or missed by a migration. */
async function drift({ admin }: Target, recorder: Recorder): Promise<void> {
  const found = await findDrift(admin);
  const attack = 'compare the schema with what the migrations make';
  recorder.check('J7', attack);
  for (const { schema, slug, missing, unexpected } of found) {
    const lines = [...missing.map((line) => `lacks ${line}`), ...unexpected.map((line) => `has ${line}`)];
    recorder.find({
      threat: 'J7',
      object: schema,
      attack,
      leaked: `${lines.slice(0, 3).join('; ')}${lines.length > 3 ? `; and ${lines.length - 3} more` : ''}${slug === null ? '' : ` (${slug})`}`,
      reproduce: 'npm run tenant -- drift',
      fix: 'Put it back by hand, or write a migration that changes every schema.',
    });
  }
}
