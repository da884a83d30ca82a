import { randomUUID } from 'node:crypto';
import { counted } from '../../../src/counted.ts';
import { belongings, callsOf, callText, neutralValues, replaced, type Values } from '../calls.ts';
import type { DatabaseFunction } from '../catalog.ts';
import { secretsTable, tenantFunction } from '../context.ts';
import type { Recorder } from '../finding.ts';
import { literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import { leakOf, report, saidBy } from './function-leaks.ts';
import { attackRows } from './function-rows.ts';

/** Of one function; without a context. */
const mostCalls = 160;
const mostOthers = 40;
const undefinedTable = '42P01';

/** Every function that the runtime role may call, with nothing, with guesses and with each thing of the victim that fits. */
export async function functions(target: Target, recorder: Recorder): Promise<void> {
  await attackTenantFunction(target, recorder);
  await attackSecrets(target, recorder);
  for (const each of target.catalog.functions) {
    // On a server that was given, what may write is left alone: a rollback does not bring numbers of sequences back.
    if (!target.own && each.volatile) continue;
    await attackFunction(target, recorder, each);
    if (each.definer) await attackRows(target, recorder, each);
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

async function attackFunction(target: Target, recorder: Recorder, each: DatabaseFunction): Promise<void> {
  const { attacker, victim, shut } = target.world;
  const [none] = target.contexts.bad(victim.id, attacker.id);
  const calls = callsOf(target, each);
  const secrets = await readSecrets(target);
  const errors = new Set<string>();
  let worked = false;
  for (const [settings, most] of [
    [target.contexts.own(attacker.id), mostCalls],
    [none?.settings ?? [], mostOthers],
  ] as const) {
    for (const values of calls.slice(0, most)) {
      const text = callText(each, values);
      const [outcome] = await target.attempt(settings, text);
      recorder.check('E6');
      if (outcome === undefined) continue;
      // What it would read may be in another database.
      if (outcome.error === undefined || outcome.error.code === undefinedTable) worked = true;
      else errors.add(outcome.error.message);
      const leak = leakOf(target, outcome, values) ?? secrets.find((secret) => saidBy(outcome).includes(secret));
      if (leak !== undefined) report(target, recorder, each, text, `shows ${leak}`);
      const open = shut.find(
        ({ id, slug }) => saidBy(outcome).includes(id) && !values.includes(id) && values.includes(slug),
      );
      if (open !== undefined)
        report(target, recorder, each, text, `answers for the tenant ${open.slug}, which is shut out`);
    }
  }
  if (each.definer && !worked)
    recorder.leave({ threat: 'E6', why: `${each.name}: no call of it worked: ${[...errors][0]?.slice(0, 120)}` });
  await compareWithNobody(target, recorder, each);
}

/** What contexts are made genuine with, as a function could show it; nothing where nobody may read it. */
async function readSecrets({ admin }: Target): Promise<string[]> {
  if (secretsTable === undefined) return [];
  const allowed = await admin.query<{ allowed: string }>(
    `select (to_regclass('${secretsTable}') is not null and has_table_privilege('${secretsTable}', 'select'))::text as allowed`,
  );
  if (allowed.rows[0]?.allowed !== 'true') return [];
  const { rows } = await admin.query<Record<string, string>>(`select * from ${secretsTable}`);
  const keys = rows.flatMap((row) => Object.values(row)).filter((value) => /^\\x[0-9a-f]{64,}$/.test(value));
  return keys.flatMap((key) => [key.slice(2), Buffer.from(key.slice(2), 'hex').toString('base64')]);
}

/** Whether the answer about a thing of the victim differs from that about a thing that does not exist. */
async function compareWithNobody(target: Target, recorder: Recorder, each: DatabaseFunction): Promise<void> {
  const { attacker, victim } = target.world;
  const neutral = neutralValues(each, attacker.marker);
  const ask = async (values: Values, said: string): Promise<string> => {
    const [outcome] = await target.attempt(target.contexts.own(attacker.id), callText(each, values));
    return (outcome?.error?.code ?? JSON.stringify(outcome?.rows)).replaceAll(said, '?');
  };
  for (const [index, type] of each.argumentTypes.entries()) {
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
        each,
        callText(each, replaced(neutral, index, value)),
        `answers ${known.slice(0, 80)} about the victim's row and ${unknown.slice(0, 80)} about none`,
      );
    }
  }
}
