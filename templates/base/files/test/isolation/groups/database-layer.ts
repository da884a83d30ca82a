import { sql } from 'kysely';
import type pg from 'pg';
import { readConfig } from '../../../src/config.ts';
import { counted } from '../../../src/counted.ts';
import { type ApplicationSteps, applicationSteps } from '../../../src/steps.ts';
import { runAsTenant, type TenantContext, tenantId, type TenantId } from '../../../src/tenancy/context.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import { openDatabase } from '../../../src/tenancy/open.ts';
import { projectName } from '../../../src/tenancy/roles.ts';
import type { Arena } from '../arena.ts';
import type { Relation } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { counterpart, isTenantSchema } from '../homes.ts';
import { openOrRecord } from '../refused-start.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { mayHold, type Tenant } from '../world.ts';

type Row = Readonly<Record<string, unknown>>;
type Way = (database: Database, table: string) => Promise<readonly Row[]>;

const rounds = 25;

/** The ways by which the application reads; tables that nobody wrote a type for too. */
const ways: Readonly<Record<string, Way>> = {
  'query()': async (database, table) => (await database.query<Row>({ text: `select * from ${table}` })).rows,
  'read()': async (database, table) => (await database.read<Row>({ text: `select * from ${table}` })).rows,
  'transaction()': async (database, table) =>
    await database.transaction(
      async (connection) => (await sql<Row>`select * from ${sql.raw(table)}`.execute(connection)).rows,
    ),
  'Kysely, reading': async ({ reader }, table) => await reader.selectFrom(unqualified(table)).selectAll().execute(),
  'Kysely, writing': async ({ writer }, table) => await writer.selectFrom(unqualified(table)).selectAll().execute(),
};

/** Kysely's names are literal types; the catalog's are not known until now. */
const unqualified = (table: string) => table.split('.').slice(1).join('.').replaceAll('"', '') as 'members';

/** The application's own way to the database, with its real login: several tenants at once over few connections. */
export async function databaseLayer({ target, own }: Arena, recorder: Recorder): Promise<void> {
  const steps = own?.steps ?? applicationSteps;
  const config = readConfig({ ...(await own?.environment()), NODE_ENV: 'test' });
  const options = { ...config, database: { ...config.database, poolSize: 3, lanes: 2 } };
  const database = await openOrRecord(recorder, () => openDatabase(options, steps.database));
  if (database === undefined) return;
  try {
    const tables = target.tables.filter(
      ({ schema, parent, privileges }) =>
        isTenantSchema(schema) && mayHold(schema, target.world.attacker) && parent === null && privileges.has('SELECT'),
    );
    for (const table of tables) await interleave(target, recorder, database, table);
    for (const table of tables) await outside(recorder, database, table);
    takesIdsOnly(recorder, steps);
    await staysInTransaction(target, recorder, database, steps);
    const [table] = tables;
    if (table !== undefined) await readLast(target, database, table);
    await leavesNoTrace((await own?.watcher()) ?? target.admin, target, recorder);
  } finally {
    await database.close();
  }
}

const contextOf = ({ id, slug }: Tenant): TenantContext => ({ id: tenantId(id), slug });

async function interleave({ world }: Target, recorder: Recorder, database: Database, table: Relation): Promise<void> {
  const { attacker, victim } = world;
  const runs = Array.from({ length: rounds }, (_, round) =>
    Object.entries(ways).map(([name, way], index) => ({
      name,
      way,
      tenant: (round + index) % 2 === 0 ? attacker : victim,
    })),
  ).flat();
  await Promise.all(
    runs.map(async ({ name, way, tenant }) => {
      const theirs = counterpart(table.name, tenant.id);
      const rows = await runAsTenant(contextOf(tenant), () => way(database, theirs)).catch((error: Error) => error);
      recorder.check('B15');
      const wanted = tenant.rows.get(theirs)?.length ?? 0;
      const foreign = rows instanceof Error ? undefined : rows.find((row) => row['tenant_id'] !== tenant.id);
      if (!(rows instanceof Error) && foreign === undefined && rows.length === wanted) return;
      const leaked =
        rows instanceof Error
          ? `could not attack: ${rows.message}`
          : foreign === undefined
            ? `${counted(rows.length, 'row')} in place of ${wanted}`
            : `shows ${JSON.stringify(foreign).slice(0, 150)}`;
      recorder.find({
        threat: foreign === undefined ? 'control' : 'B15',
        object: table.name,
        attack: `${name}, several tenants at once`,
        leaked,
        reproduce: `runAsTenant({ id: '${tenant.id}' }, () => database.${name})`,
        fix: 'src/tenancy/database.ts: every statement travels with its own context',
      });
    }),
  );
}

/** Without a tenant there are no rows, by any way; lookup() is the one that asks the database, on connections that had a context (B1). */
async function outside(recorder: Recorder, database: Database, table: Relation): Promise<void> {
  const lookup: Way = async (each, name) => (await each.lookup<Row>({ text: `select * from ${name}` })).rows;
  for (const [name, way] of Object.entries({ ...ways, 'lookup()': lookup })) {
    const rows = await way(database, table.name).catch(() => []);
    const threat = name === 'lookup()' ? 'B1' : 'B7';
    recorder.check(threat);
    if (rows.length === 0) continue;
    recorder.find({
      threat,
      object: table.name,
      attack: `${name} without a tenant`,
      leaked: `shows ${counted(rows.length, 'row')}`,
      reproduce: `database.${name}`,
      fix: 'src/tenancy/database.ts: enter the current tenant, or no statement',
    });
  }
}

/** What is no id does not get as far as a statement. */
function takesIdsOnly(recorder: Recorder, { runAsTenant }: ApplicationSteps): void {
  for (const text of ["x'; reset role --", '', '*', '%', ' 00000000-0000-7000-8000-000000000001', '{}']) {
    recorder.check('B16');
    try {
      runAsTenant({ id: text as TenantId, slug: 'attack' }, () => true);
    } catch {
      continue;
    }
    recorder.find({
      threat: 'B16',
      object: 'runAsTenant()',
      attack: `make a context of ${JSON.stringify(text)}`,
      leaked: 'is not refused',
      reproduce: `runAsTenant({ id: ${JSON.stringify(text)} }, work)`,
      fix: 'src/tenancy/context.ts: let runAsTenant() take what tenantId() takes: a uuid and nothing else.',
    });
  }
}

/** Inside a transaction there is one tenant. */
async function staysInTransaction(
  { world }: Target,
  recorder: Recorder,
  database: Database,
  steps: ApplicationSteps,
): Promise<void> {
  const { attacker, victim } = world;
  const entered = await runAsTenant(contextOf(attacker), () =>
    database.transaction(async () => steps.runAsTenant(contextOf(victim), () => true)),
  ).catch(() => false);
  recorder.check('B9');
  if (entered) {
    recorder.find({
      threat: 'B9',
      object: 'runAsTenant()',
      attack: 'enter another tenant inside a transaction',
      leaked: 'is not refused',
      reproduce: 'database.transaction(() => runAsTenant(other, work))',
      fix: 'src/tenancy/context.ts: refuse another tenant while a transaction is open',
    });
  }
}

/** Makes the victim's the last statements on every connection, with values in them: others would hide what those showed. */
async function readLast({ world }: Target, database: Database, { name }: Relation): Promise<void> {
  const { victim } = world;
  const theirs = counterpart(name, victim.id);
  const read = async (way: string) => await ways[way]?.(database, theirs).catch(() => []);
  const both = Array.from({ length: rounds }, () => ['Kysely, reading', 'Kysely, writing']).flat();
  await runAsTenant(contextOf(victim), () => Promise.all(both.map(read)));
}

/** What other sessions can see of the victim's statements: their text, but no value and no context. */
async function leavesNoTrace(watcher: pg.Client, { detector }: Target, recorder: Recorder): Promise<void> {
  const { rows } = await watcher.query<Record<string, string>>(
    `select query from pg_stat_activity where datname = current_database() and application_name = ${literal(projectName)}`,
  );
  recorder.check('G4');
  const leak = detector.inRows(rows);
  if (leak === undefined) return;
  recorder.find({
    threat: 'G4',
    object: 'pg_stat_activity',
    attack: "read other sessions' statements",
    leaked: `shows ${leak}`,
    reproduce: 'select query from pg_stat_activity;',
    fix: 'src/tenancy: send tenants and values as bind parameters, never as text',
  });
}
