import { findDrift } from '../../../src/tenancy/places/drift.ts';
import { schemaOf } from '../../../src/tenancy/schema.ts';
import type { Privilege, Relation } from '../catalog.ts';
import { type Recorder, SuiteError } from '../finding.ts';
import { counterpart, homeOf } from '../homes.ts';
import { attemptsAsLogin, attemptsInside, type Attempt } from '../session.ts';
import { insertSql, statement } from '../sql.ts';
import type { Target } from '../target.ts';
import { asAttacker, shown } from './attacker.ts';
import { becomeTheVictim } from './become.ts';
import { schemaRules } from './lint.ts';
import { fallThrough, withoutSchema } from './missing.ts';

/** Everything at the borders of the tenants' schemas: other schemas, missing ones, roles, and what ties one to another. */
export async function schemas(target: Target, recorder: Recorder): Promise<void> {
  const attempt =
    target.own && target.login !== undefined
      ? attemptsAsLogin(target.login, () => [])
      : attemptsInside(target.admin, { ...target.runtime, first: () => [] });
  const tables = target.tables.filter(({ schema }) => homeOf(schema) === target.world.victim.id);
  if (tables.length === 0) throw new SuiteError('The victim has no table that could be attacked.');
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

/** What is tried on every table, and what it takes; nothing that would change a row. */
const tried: readonly (readonly [sql: (name: string, column: string) => string, privilege?: Privilege])[] = [
  [(name) => `select * from ${name}`, 'SELECT'],
  [(name) => `select count(*) from ${name}`, 'SELECT'],
  [(name) => `copy ${name} to stdout`, 'SELECT'],
  [(name, column) => `update ${name} set ${column} = ${column}`, 'UPDATE'],
  [(name) => `delete from ${name}`, 'DELETE'],
  [(name, column) => `insert into ${name} (${column}) select ${column} from ${name} where false`, 'INSERT'],
  [(name) => `truncate ${name}`],
  [(name) => `lock table ${name} in access share mode`, 'SELECT'],
];

/**
 * J3: the attacker's role, and the runtime role by itself, get at no table of the victim, whatever they try. What they
 * try works on the attacker's own.
 */
async function reach(target: Target, recorder: Recorder, attempt: Attempt, tables: readonly Relation[]): Promise<void> {
  const { contexts, world } = target;
  const asItself = contexts.own(world.attacker.id);
  for (const { name, columns, privileges } of tables) {
    for (const [sql, privilege] of tried) {
      const may = columns.filter(({ insertable, updatable }) => (privilege === 'INSERT' ? insertable : updatable));
      const [{ name: column } = { name: '' }] = [...may, ...columns];
      if (privilege !== undefined && privileges.has(privilege))
        await reachOwn(target, recorder, attempt, sql(counterpart(name, world.attacker.id), column));
      const text = sql(name, column);
      for (const [who, settings] of [
        ["the attacker's role", asAttacker(target)],
        ['the runtime role by itself', asItself],
      ] as const) {
        const [outcome] = await attempt(settings, text);
        const attack = `${verbOf(text)} as ${who}`;
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

const verbOf = (text: string): string => text.split(' ')[0] ?? '';

/** A statement that is refused everywhere would show nothing. Whatever else stops it comes after the privileges. */
async function reachOwn(target: Target, recorder: Recorder, attempt: Attempt, text: string): Promise<void> {
  const [outcome] = await attempt(asAttacker(target), text);
  const attack = `${verbOf(text)} from the own schema`;
  recorder.check('control', attack);
  if (outcome?.error?.code !== '42501') return;
  recorder.find({
    threat: 'control',
    object: schemaOf(target.world.attacker.id),
    attack,
    leaked: `could not attack: ${outcome.error.message}`,
    reproduce: shown(target, text),
    fix: 'npm run tenant -- drift tells which grants of the schema are not as the migrations make them.',
  });
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

type Row = {
  readonly object: string;
  readonly leaked: string;
  readonly fix: string;
};

export async function lintSchemas(target: Pick<Target, 'admin' | 'world'>, recorder: Recorder): Promise<void> {
  for (const { threat, attack, sql } of schemaRules(target)) {
    const { rows } = await target.admin.query<Row>(sql);
    recorder.check(threat, attack);
    for (const { object, leaked, fix } of rows)
      recorder.find({ threat, object, attack, leaked, reproduce: statement(sql), fix });
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
