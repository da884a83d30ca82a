import { counted } from '../../../src/counted.ts';
import type { Recorder } from '../finding.ts';
import { servingRole } from '../homes.ts';
import { controlTable } from '../operations/controls.ts';
import { isMalformed, judge, type Operation } from '../operations/operation.ts';
import { plansAnswerTheirTenant } from '../operations/plans.ts';
import { reads } from '../operations/reads.ts';
import { copyOfVictimRow, referenceAttacks } from '../operations/references.ts';
import { createSubject, type Subject } from '../operations/subject.ts';
import { writes } from '../operations/writes.ts';
import type { BadContext } from '../contexts.ts';
import { asTenant, type Target } from '../target.ts';

const operations: readonly Operation[] = [...reads, ...writes];
const basics = operations.filter(({ basic }) => basic);

/** Every table x every operation x the attacker's own context and every bad one. */
export async function matrix(target: Target, recorder: Recorder): Promise<void> {
  const { attacker, victim } = target.world;
  const own = target.contexts.own(attacker.id);
  const bad = target.contexts.bad(victim.id, attacker.id);
  for (const table of target.tables) {
    const subject = createSubject(target, table);
    await controlTable(target, recorder, subject);
    for (const operation of operations.filter(({ locks }) => target.own || locks !== true))
      await attack(target, recorder, subject, operation, { name: 'own', how: '', settings: own });
    for (const context of bad) {
      for (const operation of basics) await attack(target, recorder, subject, operation, context);
    }
    await referToVictim(target, recorder, subject);
    await repeatVictim(target, recorder, subject);
    await plansAnswerTheirTenant(target, recorder, subject);
    await tenantOfNobody(target, recorder, subject);
    await copyInto(target, recorder, subject);
  }
}

type AnyContext = Omit<BadContext, 'name'> & { readonly name: 'own' | BadContext['name'] };

async function attack(
  target: Target,
  recorder: Recorder,
  subject: Subject,
  operation: Operation,
  context: AnyContext,
): Promise<void> {
  const statements = operation.statements(subject);
  if (statements === undefined) return;
  const isOwn = context.name === 'own';
  const threat = isOwn ? operation.threat : context.name === 'no context' ? 'B7' : 'C9';
  const outcomes = await target.attempt(context.settings, ...statements);
  recorder.check(threat);
  const last = outcomes.at(-1);
  const where = isOwn ? asTenant(target) : asTenant(target, `${context.name}: ${context.how}`);
  const reproduce = [where, ...statements].map((line) => (line.startsWith('--') ? line : `${line};`)).join('\n');
  if (last !== undefined && isMalformed(last)) {
    recorder.find({
      threat: 'control',
      object: subject.table.name,
      attack: operation.name,
      leaked: `could not attack: ${last.error?.message}`,
      reproduce,
      fix: 'test/isolation/operations: this statement has to fit the table',
    });
    return;
  }
  const complete = outcomes.length === statements.length;
  const leaked = judge(operation.demand, outcomes, complete, isOwn ? subject.ownCount : 0, target.detector);
  if (leaked === undefined) return;
  recorder.find({
    threat,
    object: subject.table.name,
    attack: isOwn ? `${operation.name} as another tenant` : `${operation.name} with ${context.name}`,
    leaked: isOwn ? leaked : `${leaked} (${context.how})`,
    reproduce,
    fix: fixFor(operation, subject, target),
  });
}

function fixFor({ name, threat }: Operation, { table }: Subject, target: Target): string {
  const runtimeRole = servingRole(target.runtimeRole, table.schema);
  if (name === 'TRUNCATE' || threat === 'A7')
    return `revoke truncate, trigger, references on ${table.name} from ${runtimeRole}, public;`;
  if (threat === 'A3') return `alter table ${table.name} owner to another role than ${runtimeRole};`;
  if (threat === 'C4') return `alter table ${table.name} alter column tenant_id set not null;`;
  return restorePolicies(table.name, target.runtimeRole);
}

/** What puts a table's policies back. */
export function restorePolicies(table: string, runtimeRole: string): string {
  const role = servingRole(runtimeRole, table.split('.')[0] ?? '');
  const predicate = '(tenant_id = (select app.tenant_id()))';
  return [
    `alter table ${table} enable row level security, force row level security;`,
    ...['tenant_floor', 'tenant_allow'].map(
      (name) =>
        `drop policy if exists ${name} on ${table}; create policy ${name} on ${table}${name === 'tenant_floor' ? ' as restrictive' : ''} for all to ${role} using ${predicate} with check ${predicate};`,
    ),
  ].join('\n');
}

const nobody = '00000000-0000-0000-0000-000000000000';

/** B6: an id that a system might take for everybody. */
async function tenantOfNobody(target: Target, recorder: Recorder, { table }: Subject): Promise<void> {
  const text = `select * from ${table.name} limit 10`;
  const [outcome] = await target.attempt(target.contexts.own(nobody), text);
  recorder.check('B6');
  if (outcome === undefined || outcome.rows.length === 0) return;
  recorder.find({
    threat: 'B6',
    object: table.name,
    attack: 'SELECT as the tenant whose id is all zeros',
    leaked: `shows ${counted(outcome.rows.length, 'row')}`,
    reproduce: `${asTenant(target, `the context of ${nobody}`)}\n${text};`,
    fix: restorePolicies(table.name, target.runtimeRole),
  });
}

/** I1: COPY writes past WITH CHECK, so PostgreSQL refuses it where policies are on. */
async function copyInto(target: Target, recorder: Recorder, { table, attacker }: Subject): Promise<void> {
  const text = `copy ${table.name} from stdin`;
  const [outcome] = await target.attempt(target.contexts.own(attacker), text);
  recorder.check('I1');
  const { code } = outcome?.error ?? {};
  if (code === '0A000' || code === '42501') return;
  recorder.find({
    threat: 'I1',
    object: table.name,
    attack: 'COPY FROM',
    leaked: 'is not refused: rows go past the policies',
    reproduce: `${asTenant(target)}\n${text};`,
    fix: restorePolicies(table.name, target.runtimeRole),
  });
}

async function referToVictim(target: Target, recorder: Recorder, subject: Subject): Promise<void> {
  const own = target.contexts.own(target.world.attacker.id);
  for (const { key, toVictim, toNothing } of referenceAttacks(target, subject)) {
    const there = (await target.attempt(own, ...subject.makeRoom, toVictim, 'set constraints all immediate')).at(-1);
    const nowhere = (await target.attempt(own, ...subject.makeRoom, toNothing, 'set constraints all immediate')).at(-1);
    recorder.check('D1', 2);
    if (there === undefined || (there.error?.code === nowhere?.error?.code && there.error !== undefined)) continue;
    recorder.find({
      threat: 'D1',
      object: subject.table.name,
      attack: `a row that refers to the victim's by ${key.name}`,
      leaked:
        there.error === undefined
          ? `is accepted: ${key.target} of the victim can be referred to, and its deletion cascades or is blocked`
          : `answers ${there.error.code} in place of ${nowhere?.error?.code}`,
      reproduce: `${asTenant(target)}\n${toVictim};`,
      fix: `alter table ${subject.table.name} drop constraint "${key.name}", add foreign key (tenant_id, ${key.columns.filter((column) => column !== 'tenant_id').join(', ')}) references ${key.target} (tenant_id, ${key.targetColumns.filter((column) => column !== 'tenant_id').join(', ')});`,
    });
  }
}

async function repeatVictim(target: Target, recorder: Recorder, subject: Subject): Promise<void> {
  const statement = copyOfVictimRow(subject);
  if (statement === undefined) return;
  const outcome = (
    await target.attempt(target.contexts.own(target.world.attacker.id), ...subject.makeRoom, statement)
  ).at(-1);
  recorder.check('D5');
  const { code, constraint } = outcome?.error ?? {};
  const withTenant = subject.table.uniques.some(
    ({ name, columns }) => name === constraint && columns.includes('tenant_id'),
  );
  if ((code !== '23505' && code !== '23P01') || withTenant) return;
  recorder.find({
    threat: 'D5',
    object: subject.table.name,
    attack: "insert the victim's values as an own row",
    leaked: `${outcome?.error?.message}: the refusal tells that another tenant has them`,
    reproduce: `${asTenant(target)}\n${statement};`,
    fix: `drop index or constraint "${outcome?.error?.constraint}" on ${subject.table.name}, and make it unique with tenant_id in front`,
  });
}
