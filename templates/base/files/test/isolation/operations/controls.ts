import { counted } from '../../../src/counted.ts';
import type { Privilege } from '../catalog.ts';
import type { Recorder, Topic } from '../finding.ts';
import type { Outcome } from '../session.ts';
import { servingRole } from '../homes.ts';
import { insertSql, literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import { mayHold } from '../world.ts';
import type { Subject } from './subject.ts';

/** Shows that the attacks can work at all: the attacker reads and writes its own rows, and the administrator sees the victim's. */
export async function controlTable(target: Target, recorder: Recorder, subject: Subject): Promise<void> {
  const { world, contexts } = target;
  const { table, keyOf, writable, noChange, conflict } = subject;
  const { id, count, spare, makeRoom } = residentOf(target, subject);
  const allowed = (...privileges: Privilege[]): boolean =>
    privileges.every((privilege) => table.privileges.has(privilege));
  if (table.privileges.size === 0) return;

  if (world.empty.has(table.name)) {
    recorder.leave({
      threat: 'F1',
      why: `${table.name}: no row of the victim falls into this partition; the lint looked at it`,
    });
    return;
  }
  recorder.check('F4');
  const refusal = world.unattackable.get(table.name);
  if (refusal !== undefined) {
    report(
      target,
      recorder,
      table.name,
      'F4',
      'make rows of the victim',
      `could not attack ${table.name}: ${refusal.why}`,
      refusal.fix,
    );
    return;
  }
  const victims = await target.admin.query(
    `select from ${table.name} where tenant_id = ${literal(subject.victim)} limit 1`,
  );
  recorder.check('B8');
  if (victims.rowCount === 0 && table.parent === null && mayHold(table.schema, world.victim)) {
    report(
      target,
      recorder,
      table.name,
      'B8',
      'find rows of the victim as administrator',
      'there are none, so nothing could leak',
      'Let the administrator see every row: the policy tenant_migrate.',
    );
  }

  const expect = async (name: string, wanted: number, ...statements: string[]): Promise<void> => {
    const outcomes = await target.attempt(contexts.own(id), ...statements);
    recorder.check('control');
    const last = outcomes.at(-1);
    const got = problem(outcomes, statements.length, wanted);
    if (got !== undefined && outcomes.length === statements.length && isRule(last, name)) {
      recorder.leave({ threat: 'C1', why: `${table.name}: ${name}: a trigger refuses it to everybody: ${got}` });
      return;
    }
    if (got !== undefined) {
      report(
        target,
        recorder,
        table.name,
        'control',
        name,
        `could not attack: ${got}`,
        fixFor(last, table.name, servingRole(target.runtimeRole, table.schema)),
        `${asTenant(target)}\n${statements.join(';\n')};`,
      );
    }
  };

  if (allowed('SELECT')) await expect('read own rows', count, `select * from ${table.name}`);
  if (allowed('SELECT', 'UPDATE') && noChange)
    await expect('update own rows', count, `update ${table.name} set ${noChange}`);
  const key = spare && keyOf(spare);
  if (!allowed('INSERT') || spare === undefined) return;
  const insert = insertSql(table.name, writable(spare));
  if (makeRoom.length > 0 && !allowed('DELETE')) return;
  await expect('insert an own row', 1, ...makeRoom, insert);
  if (key === undefined || !allowed('SELECT')) return;
  if (allowed('DELETE'))
    await expect('delete an own row', 1, ...makeRoom, insert, `delete from ${table.name} where ${key}`);
  if (!allowed('UPDATE') || !noChange) return;
  await expect(
    'upsert an own row',
    1,
    ...makeRoom,
    insert,
    `${insert} on conflict (${conflict}) do update set ${noChange.replace('= ', '= excluded.')}`,
  );
  await expect(
    'merge an own row',
    1,
    ...makeRoom,
    insert,
    `merge into ${table.name} as t using (select 1) as s on ${keyOf(spare, 't.')} when matched then update set ${noChange.replace('= ', '= t.')}`,
  );
}

/** Who shows that statements on a table work at all: the attacker, or the victim where nobody else may have rows. */
function residentOf({ world: { attacker, victim } }: Target, subject: Subject) {
  const { table, ownCount, spareOfAttacker, spareOfVictim, makeRoom } = subject;
  return mayHold(table.schema, attacker)
    ? { id: attacker.id, count: ownCount, spare: spareOfAttacker, makeRoom }
    : { id: victim.id, count: victim.rows.get(table.name)?.length ?? 0, spare: spareOfVictim, makeRoom: [] };
}

/** What a trigger of the table raised for a row that is there, for example because it is never changed. */
const isRule = (outcome: Outcome | undefined, name: string): boolean => {
  const { code = '', where = '' } = outcome?.error ?? {};
  return name !== 'insert an own row' && code !== '42501' && !code.startsWith('TN') && / at RAISE\b/.test(where);
};

function problem(outcomes: readonly Outcome[], statements: number, wanted: number): string | undefined {
  const last = outcomes.at(-1);
  if (last?.error !== undefined) return last.error.message;
  if (outcomes.length < statements) return 'stopped early';
  const got = last?.rowCount ?? 0;
  // More than the own rows is what the attacks report.
  return got >= wanted && got > 0 ? undefined : `${counted(got, 'row')} in place of ${wanted}`;
}

function report(
  { runtimeRole }: Target,
  recorder: Recorder,
  table: string,
  threat: Topic,
  attack: string,
  leaked: string,
  fix: string,
  reproduce = `-- as ${runtimeRole}\nselect * from ${table};`,
): void {
  recorder.find({ threat, object: table, attack, leaked, reproduce, fix });
}

function fixFor(outcome: Outcome | undefined, table: string, runtimeRole: string): string {
  if (outcome?.error === undefined || outcome.error.code === '42501') {
    return `create policy tenant_allow on ${table} for all to ${runtimeRole} using (tenant_id = (select app.tenant_id())) with check (tenant_id = (select app.tenant_id()));`;
  }
  return `Add to rowFactories in test/isolation/factories.ts: '${table}': { column: (n) => '...' },`;
}
