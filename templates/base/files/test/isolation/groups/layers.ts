import { counted } from '../../../src/counted.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import type { Recorder } from '../finding.ts';
import { servingRole } from '../homes.ts';
import { judge } from '../operations/operation.ts';
import { reads } from '../operations/reads.ts';
import { referenceAttacks } from '../operations/references.ts';
import { createSubject, type Subject } from '../operations/subject.ts';
import { writes } from '../operations/writes.ts';
import { characterOf } from '../privileged.ts';
import { attemptsInside, run } from '../session.ts';
import { identifier, literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { restorePolicies } from './matrix.ts';

const operations = [...reads, ...writes].filter(({ basic }) => basic);

/** Each policy without the other, and the roles that no request uses: what one layer hides, the other must not have been hiding alone. */
export async function layers(target: Target, recorder: Recorder): Promise<void> {
  for (const table of target.tables) {
    const subject = createSubject(target, table);
    if (table.privileges.size > 0) {
      const role = servingRole(target.runtimeRole, table.schema);
      await withSabotage(target, recorder, subject, 'a permissive policy that lets everything through', [
        `create policy attack on ${table.name} for all to ${identifier(role)} using (true) with check (true)`,
      ]);
      await withSabotage(
        target,
        recorder,
        subject,
        'the restrictive policies gone',
        await dropRestrictive(target, table.name),
      );
    }
    // A partition that nobody may name has the policies of its parent only.
    if (table.parent === null || table.privileges.size > 0) await asOwner(target, recorder, subject);
    await asPlatform(target, recorder, subject);
    await addAsPlatform(target, recorder, subject);
    await planOfAnotherRole(target, recorder, subject);
    await holdBack(target, recorder, subject);
  }
}

async function dropRestrictive({ admin }: Target, table: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `select polname as name from pg_policy where polrelid = ${literal(table)}::regclass and not polpermissive`,
  );
  return rows.map(({ name }) => `drop policy ${identifier(name)} on ${table}`);
}

/** Attacks a table in the transaction that changes it, and rolls both back. */
async function withSabotage(
  target: Target,
  recorder: Recorder,
  subject: Subject,
  what: string,
  sabotage: readonly string[],
): Promise<void> {
  const { admin, runtime, contexts, world } = target;
  await admin.query('begin');
  try {
    for (const statement of sabotage) await admin.query(statement);
    const attempt = attemptsInside(admin, runtime);
    for (const operation of operations) {
      const statements = operation.statements(subject);
      if (statements === undefined) continue;
      const outcomes = await attempt(contexts.own(world.attacker.id), ...statements);
      recorder.check('C3');
      const leaked = judge(
        operation.demand,
        outcomes,
        outcomes.length === statements.length,
        subject.ownCount,
        target.detector,
      );
      if (leaked === undefined) continue;
      recorder.find({
        threat: 'C3',
        object: subject.table.name,
        attack: `${operation.name} with ${what}`,
        leaked: `${leaked}: the other policy does not hold alone`,
        reproduce: [
          'begin;',
          ...sabotage.map((text) => `${text};`),
          asTenant(target),
          ...statements.map((text) => `${text};`),
          'rollback;',
        ].join('\n'),
        fix: restorePolicies(subject.table.name, target.runtimeRole),
      });
    }
  } finally {
    await admin.query('rollback');
  }
}

/** B14: what was planned for a role that sees every row is planned anew for one that does not. */
async function planOfAnotherRole(target: Target, recorder: Recorder, { table, attacker }: Subject): Promise<void> {
  const { admin, contexts, runtime, detector } = target;
  if (!table.privileges.has('SELECT')) return;
  const text = `select * from ${table.name} limit 1000`;
  await admin.query('begin');
  try {
    await admin.query(`prepare attack as ${text}`);
    const every = await run(admin, 'execute attack');
    const [outcome] = await attemptsInside(admin, runtime)(contexts.own(attacker), 'execute attack');
    recorder.check('B14');
    const leak = outcome && detector.inRows(outcome.rows);
    if (leak === undefined) return;
    recorder.find({
      threat: 'B14',
      object: table.name,
      attack: `a prepared statement that an administrator used before (${counted(every.rows.length, 'row')})`,
      leaked: `shows ${leak}`,
      reproduce: `prepare attack as ${text};\nexecute attack;\n${asTenant(target)}\nexecute attack;`,
      fix: restorePolicies(table.name, target.runtimeRole),
    });
  } finally {
    await admin.query('rollback; deallocate all');
  }
}

/** D3: no row of the victim can refer to the attacker's, not even when an administrator writes it; it would hold back what the attacker deletes. */
async function holdBack(target: Target, recorder: Recorder, subject: Subject): Promise<void> {
  const { admin } = target;
  for (const { key, fromVictim } of referenceAttacks(target, subject)) {
    if (fromVictim === undefined) continue;
    await admin.query('begin');
    const outcome = await run(admin, `${fromVictim}; set constraints all immediate`);
    await admin.query('rollback');
    recorder.check('D3');
    if (outcome.error !== undefined) continue;
    recorder.find({
      threat: 'D3',
      object: subject.table.name,
      attack: `a row of the victim that refers to the attacker's by ${key.name}`,
      leaked: 'is accepted: it holds back the deletion of the attacker’s row, or goes with it',
      reproduce: `${fromVictim};`,
      fix: `alter table ${subject.table.name} drop constraint "${key.name}"; -- and add it again with tenant_id in front on both sides`,
    });
  }
}

/** The owner is bound too: else every function and view of the owner's would see all tenants. */
async function asOwner(target: Target, recorder: Recorder, { table }: Subject): Promise<void> {
  const { rows } = await target.admin.query<{ owner: string }>(
    `select relowner::regrole::text as owner from pg_class where oid = ${literal(table.name)}::regclass`,
  );
  await readAs(target, recorder, rows[0]?.owner ?? roles.owner, `select * from ${table.name} limit 1000`, {
    threat: 'A2',
    object: table.name,
    attack: 'read as the owner of the table',
    fix: `alter table ${table.name} owner to ${roles.owner}, force row level security;`,
  });
}

/** The control plane makes and erases tenants; it does not read them. */
async function asPlatform(target: Target, recorder: Recorder, { table }: Subject): Promise<void> {
  const { rows } = await target.admin.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
    where attrelid = ${literal(table.name)}::regclass and attnum > 0 and not attisdropped and has_column_privilege(${literal(roles.platform)}, attrelid, attnum, 'select')`,
  );
  await readAs(target, recorder, roles.platform, `select ${rows[0]?.columns ?? '*'} from ${table.name} limit 1000`, {
    threat: 'L14',
    object: table.name,
    attack: 'read as the control plane',
    fix: `Narrow the policies of ${table.name} for ${roles.platform} to deleted tenants past their grace period, as in db/migrations/tenant/0001_members.sql.`,
  });
}

/** It adds rows, such as a key, in the transaction that makes a tenant: later they would let it in. */
async function addAsPlatform(target: Target, recorder: Recorder, { table }: Subject): Promise<void> {
  const { admin, contexts, world } = target;
  const { rows } = await admin.query<{ may: string }>(
    `select has_table_privilege(${literal(roles.platform)}, ${literal(table.name)}, 'insert')::text as may`,
  );
  if (rows[0]?.may !== 'true') return;
  const text = `insert into ${table.name} (tenant_id) values (${literal(world.victim.id)})`;
  await admin.query('begin');
  try {
    const attempt = attemptsInside(admin, await characterOf(admin, roles.platform));
    const [outcome] = await attempt(contexts.own(world.attacker.id), text);
    recorder.check('L14');
    const error = outcome?.error;
    // Policies are asked before constraints: it got past them when it is the table that misses a value.
    if (error !== undefined && !(error.code?.startsWith('23') === true && error.table !== undefined)) return;
    recorder.find({
      threat: 'L14',
      object: table.name,
      attack: 'add a row of a tenant that is there, as the control plane',
      leaked: error === undefined ? 'is accepted' : `no policy refuses it, only what is missing: ${error.message}`,
      reproduce: `set role ${roles.platform};\n${text};`,
      fix: `Narrow the policies of ${table.name} for ${roles.platform} to the transaction that makes the tenant, as in db/migrations/tenant/0001_members.sql.`,
    });
  } finally {
    await admin.query('rollback');
  }
}

type Described = { readonly threat: Threat; readonly object: string; readonly attack: string; readonly fix: string };

async function readAs(
  { admin, contexts, world, detector }: Target,
  recorder: Recorder,
  role: string,
  text: string,
  finding: Described,
): Promise<void> {
  await admin.query('begin');
  try {
    const [outcome] = await attemptsInside(admin, await characterOf(admin, role))(
      contexts.own(world.attacker.id),
      text,
    );
    recorder.check(finding.threat);
    const leak = outcome && detector.inRows(outcome.rows);
    if (leak !== undefined)
      recorder.find({ ...finding, leaked: `shows ${leak}`, reproduce: `set role ${role};\n${text};` });
  } finally {
    await admin.query('rollback');
  }
}
