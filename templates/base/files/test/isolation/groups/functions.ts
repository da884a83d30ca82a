import { randomUUID } from 'node:crypto';
import { counted } from '../../../src/counted.ts';
import type { Column, DatabaseFunction } from '../catalog.ts';
import { secretsTable, tenantFunction } from '../context.ts';
import type { Recorder } from '../finding.ts';
import type { Outcome } from '../session.ts';
import { literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import { candidates } from '../values.ts';

const mostCalls = 100;

/** Every function that the runtime role may call, with nothing, with guesses and with each thing of the victim that fits. */
export async function functions(target: Target, recorder: Recorder): Promise<void> {
  await attackTenantFunction(target, recorder);
  await attackSecrets(target, recorder);
  for (const each of target.catalog.functions) {
    // On a server that was given, what may write is left alone: a rollback does not bring numbers of sequences back.
    if (!target.own && each.volatile) continue;
    await attackFunction(target, recorder, each);
  }
}

async function attackTenantFunction(target: Target, recorder: Recorder): Promise<void> {
  const { attacker, victim } = target.world;
  const text = `select ${tenantFunction} as tenant`;
  const [control] = await target.attempt(target.contexts.own(attacker.id), text);
  recorder.check('control');
  if (control?.rows[0]?.['tenant'] !== attacker.id) {
    const leaked = `answers ${control?.error?.message ?? control?.rows[0]?.['tenant']} in the attacker's own context`;
    recorder.find({
      threat: 'control',
      object: tenantFunction,
      attack: 'ask for the own tenant',
      leaked,
      reproduce: `${text};`,
      fix: 'npm run db:migrate',
    });
  }
  for (const { name, how, settings } of target.contexts.bad(victim.id, attacker.id)) {
    const [outcome] = await target.attempt(settings, text);
    recorder.check('C9');
    const answer = outcome?.rows[0]?.['tenant'];
    if (answer === undefined || answer === null) continue;
    recorder.find({
      threat: 'C9',
      object: tenantFunction,
      attack: `ask for the tenant with ${name}`,
      leaked: `answers ${answer} (${how})`,
      reproduce: [
        `-- as ${target.runtimeRole}`,
        ...settings.map(([setting, value]) => `select set_config(${literal(setting)}, ${literal(value)}, false);`),
        `${text};`,
      ].join('\n'),
      fix: 'Restore the function of db/migrations/platform/0003_tenant_context.sql with create or replace.',
    });
  }
}

/** The secrets that make a context genuine: who reads them is every tenant. */
async function attackSecrets(target: Target, recorder: Recorder): Promise<void> {
  if (secretsTable === undefined) return;
  const { attacker } = target.world;
  const forms = [
    `select * from ${secretsTable}`,
    `select query_to_xml('select * from ${secretsTable}', true, false, '')`,
    `copy ${secretsTable} to stdout`,
  ];
  for (const text of [
    ...forms,
    `update ${secretsTable} set id = id`,
    `delete from ${secretsTable}`,
    `insert into ${secretsTable} select * from ${secretsTable}`,
  ]) {
    const [outcome] = await target.attempt(target.contexts.own(attacker.id), text);
    recorder.check('C9');
    if (outcome === undefined || outcome.error !== undefined) continue;
    const fix = `revoke all on ${secretsTable} from ${target.runtimeRole}, public;`;
    recorder.find({
      threat: 'C9',
      object: secretsTable,
      attack: 'reach the secrets that contexts are made with',
      leaked: `is allowed (${counted(outcome.rowCount, 'row')})`,
      reproduce: `${asTenant(target)}\n${text};`,
      fix,
    });
  }
}

async function attackFunction(target: Target, recorder: Recorder, target_: DatabaseFunction): Promise<void> {
  const { attacker, victim, shut } = target.world;
  const [none] = target.contexts.bad(victim.id, attacker.id);
  const neutral = target_.argumentTypes.map((type) => guess(type, attacker.marker));
  const calls = [
    neutral,
    neutral.map(() => null),
    ...target_.argumentTypes.flatMap((type, index) =>
      belongings(target, type).map((value) => replaced(neutral, index, value)),
    ),
  ];
  for (const settings of [target.contexts.own(attacker.id), none?.settings ?? []]) {
    for (const values of calls.slice(0, mostCalls)) {
      const text = callText(target_, values);
      const [outcome] = await target.attempt(settings, text);
      recorder.check('E6');
      if (outcome === undefined) continue;
      const leak = leakOf(target, outcome, values);
      if (leak !== undefined) report(target, recorder, target_, text, `shows ${leak}`);
      const open = shut.find(
        ({ id, slug }) => JSON.stringify(outcome.rows).includes(id) && !values.includes(id) && values.includes(slug),
      );
      if (open !== undefined)
        report(target, recorder, target_, text, `answers for the tenant ${open.slug}, which is shut out`);
    }
  }
  await compareWithNobody(target, recorder, target_, neutral);
}

/** Whoever names a tenant may be told which one it is: that is what a look-up by name is for. More than that is a leak. */
function leakOf(
  { detector, world }: Target,
  { rows }: Outcome,
  values: readonly (string | null)[],
): string | undefined {
  const { id, slug } = world.victim;
  const named = values.some((value) => value === slug || value === id);
  return detector.inRows(rows, [...values, ...(named ? [id, slug] : [])].join(' '));
}

/** Whether the answer about a thing of the victim differs from that about a thing that does not exist. */
async function compareWithNobody(
  target: Target,
  recorder: Recorder,
  target_: DatabaseFunction,
  neutral: readonly (string | null)[],
): Promise<void> {
  const { attacker, victim } = target.world;
  const ask = async (values: readonly (string | null)[], said: string): Promise<string> => {
    const [outcome] = await target.attempt(target.contexts.own(attacker.id), callText(target_, values));
    return (outcome?.error?.code ?? JSON.stringify(outcome?.rows)).replaceAll(said, '?');
  };
  for (const [index, type] of target_.argumentTypes.entries()) {
    if (type !== 'uuid') continue;
    for (const value of belongings(target, type).filter((value) => value !== victim.id)) {
      const [nobody, somebodyElse] = [randomUUID(), randomUUID()];
      const unknown = await ask(replaced(neutral, index, nobody), nobody);
      const known = await ask(replaced(neutral, index, value), value);
      recorder.check('E6');
      if (known === unknown || unknown !== (await ask(replaced(neutral, index, somebodyElse), somebodyElse))) continue;
      report(
        target,
        recorder,
        target_,
        callText(target_, replaced(neutral, index, value)),
        `answers ${known.slice(0, 80)} about the victim's row and ${unknown.slice(0, 80)} about none`,
      );
    }
  }
}

/** What the victim has, or is called, that an argument of the type can hold. Without the secrets: who has those is not an attacker. */
function belongings({ tables, world }: Target, type: string): string[] {
  const { victim, shut } = world;
  if (type === 'uuid') {
    const ids = tables.flatMap((table) => {
      const key = table.uniques.find(({ primary }) => primary)?.columns.find((column) => column !== 'tenant_id');
      const rows = victim.rows.get(table.name) ?? [];
      return key === undefined ? [] : rows.flatMap((row) => row[key] ?? []);
    });
    return [victim.id, ...ids];
  }
  if (!/^(text|character varying|citext|name)$/.test(type)) return [];
  return [victim.slug, victim.marker, `${victim.marker} 0`, ...shut.map(({ slug }) => slug), '', '%', "' or true --"];
}

function guess(type: string, marker: string): string | null {
  const column: Column = {
    name: '',
    type,
    baseType: type,
    modifier: -1,
    category: type.endsWith('[]')
      ? 'A'
      : /int|numeric|real|double/.test(type)
        ? 'N'
        : /char|text|name/.test(type)
          ? 'S'
          : 'U',
    elementType: type.replace(/\[\]$/, ''),
    labels: [],
    domainChecks: [],
    notNull: true,
    default: null,
    identity: false,
    generated: false,
    insertable: true,
    updatable: true,
  };
  return candidates(column, [])[0]?.({ marker, n: 0, shared: false }) ?? null;
}

const replaced = (values: readonly (string | null)[], index: number, value: string): (string | null)[] =>
  values.map((each, at) => (at === index ? value : each));

function callText({ call, argumentTypes }: DatabaseFunction, values: readonly (string | null)[]): string {
  return `select * from ${call}(${values.map((value, index) => `${literal(value)}::${argumentTypes[index]}`).join(', ')}) as answer`;
}

function report(
  target: Target,
  recorder: Recorder,
  { name, definer }: DatabaseFunction,
  text: string,
  leaked: string,
): void {
  recorder.find({
    threat: 'E6',
    object: name,
    attack: 'call the function',
    leaked,
    reproduce: `${asTenant(target)}\n${text};`,
    fix: definer
      ? `revoke execute on function ${name} from ${target.runtimeRole}, public; -- or let it answer only for app.tenant_id(), as db/migrations has it`
      : `alter function ${name} security invoker;`,
  });
}
