import pg from 'pg';
import { projectName, roles } from '../roles.ts';
import { describeUnsafeTables } from '../safety.ts';
import { templateSchema } from '../schema.ts';
import type { TenantMigrationRun } from '../strategy.ts';
import { type Applied, applyMissing, assertUnchanged, noteApplied, readLedger } from '../../platform/apply-missing.ts';
import { MigrationError } from '../../platform/apply-migration.ts';
import { type Migration, readMigrations } from '../../platform/migration-files.ts';
import { atPlace, readTemplate } from './connect.ts';
import { type ContextCopy, readContextSecrets } from './context-secrets.ts';
import { asMigrator, hasPlaces, lastFailure, noteAll, noteFailure } from './ledger.ts';
import { templateLock, whileLocked, placeLock } from './locks.ts';
import { bindDatabase, closeControlPlane, closeDatabase, copy, databaseExists } from './make.ts';
import { describeNewerPlaces } from './newer.ts';
import type { Site } from './place.ts';
import { renewPasswords } from './renew-passwords.ts';
import { forRole } from './tenant-migrations.ts';
import { versionOf } from './version.ts';
import { explainFailures, runInWaves } from './waves.ts';

/** A database that lacks migrations, or secrets; its tenant's slug when it has one. */
interface Behind extends Site {
  readonly slug: string | null;
}

/** What a database of a tenant is made of: the platform's files, and those of the tenants for the role that serves them. */
interface Files {
  readonly platform: readonly Migration[];
  readonly tenant: readonly Migration[];
}

/** What every database shall have. */
interface Goal extends Files {
  readonly context: ContextCopy;
  /** A hash of all that. */
  readonly version: string;
}

const place = { schema: templateSchema, rewrite: forRole(roles.tenants) };

/**
 * Brings every tenant's database up to the files, and to the secrets of the context: the template first, then one
 * tenant's, then 5 % of them, then all others. Databases that are up to date are not connected to. A file that fails in
 * one stops what was not begun; the others keep what they have, and the next run continues.
 */
export async function migratePlaces(run: TenantMigrationRun): Promise<Applied[]> {
  const { client, environment, onStep, onWarning, workers = 4 } = run;
  const all = await readMigrations();
  const files = { platform: all.filter(({ name }) => name.startsWith('platform/')), tenant: run.migrations };
  if (run.dryRun === true && !(await hasPlaces(client))) {
    for (const { name } of files.tenant) onStep(`would apply ${name}`, name);
    return [];
  }
  const context = await readContextSecrets(client);
  const goal: Goal = { ...files, context, version: versionOf([...files.platform, ...files.tenant], context.version) };
  if (run.dryRun !== true) {
    await closeControlPlane(client);
    // Before any tenant's tables change: it refuses keys that do not fit.
    for (const line of await renewPasswords(client, environment, context)) onStep(line);
  }
  const applied = await migrateTemplate(run, goal);
  const of = { thing: 'database', slug: run.tenant };
  const newer = await describeNewerPlaces(client, [...goal.platform, ...goal.tenant], of);
  if (newer !== undefined) onWarning(newer);
  const behind = await placesBehind(client, goal.version, run.tenant);
  if (run.dryRun === true) {
    for (const each of behind) onStep(`would migrate ${nameOf(each)}`);
    return applied;
  }
  const told = (done: number, failed: number) => run.onProgress({ kind: 'database', done, failed, all: behind.length });
  let ready = 0;
  const controlPlane = new pg.Pool({
    connectionString: run.adminUrl,
    max: workers,
    application_name: `${projectName} migrations`,
    // A connection that dies in use fails its statement; without a listener it would end the process.
    onConnect: (client) => void client.on('error', () => {}),
  });
  controlPlane.on('error', () => {}); // An idle connection that dies is replaced by the pool.
  try {
    const outcome = await runInWaves(behind, {
      workers,
      work: async (each) => {
        const control = await controlPlane.connect();
        await migratePlace(control, run.adminUrl, each, goal).finally(() => control.release());
      },
      onDone: (count) => told((ready = count), 0),
      onFailed: (count) => told(ready, count),
    });
    if (outcome.failed.length > 0) throw explainFailures('database', outcome, behind.length, nameOf);
  } finally {
    await controlPlane.end();
  }
  return applied;
}

/** The template is the control plane's own: a copy of the control plane makes one for itself. */
async function migrateTemplate(run: TenantMigrationRun, goal: Goal): Promise<Applied[]> {
  const { client, onStep, onWarning, dryRun } = run;
  const { version, context } = goal;
  const before = await asMigrator(client, () => readTemplate(client));
  const database = templateName(client);
  const ledger = await readLedger(client);
  const missing = goal.tenant.filter(({ name, checksum }) => ledger.get(name) !== checksum);
  if (dryRun === true) {
    for (const { name } of missing) onStep(`would apply ${name}`, name);
    return [];
  }
  const applied: Applied[] = [];
  await whileLocked(client, templateLock, 'alone', async () => {
    if (!(await databaseExists(client, database))) {
      await makeTemplate(client, database, before?.database);
    }
    await closeDatabase(client, database);
    const onTemplate = (line: string, file: string) => void (file.startsWith('tenant/') && onStep(line, file));
    await atPlace({ DATABASE_ADMIN_URL: run.adminUrl }, { database, host: null, port: null }, async (there) => {
      applied.push(...(await migrateDatabase(there, goal, onTemplate)));
      await context.applyTo(there);
      const unsafe = await describeUnsafeTables(there, templateSchema, roles.tenants);
      if (unsafe !== undefined) onWarning(unsafe);
    });
    await asMigrator(client, async () => {
      for (const migration of missing) await noteApplied(client, migration);
      await client.query(
        `insert into platform.template (database, version) values ($1, $2)
        on conflict (only_one) do update set database = excluded.database, version = excluded.version, migrated_at = now()`,
        [database, version],
      );
    });
  });
  return applied.filter(({ name }) => name.startsWith('tenant/'));
}

async function makeTemplate(client: pg.Client, database: string, other: string | undefined): Promise<void> {
  if (other !== undefined && (await databaseExists(client, other))) return await copy(client, database, other);
  await client.query(`create database ${pg.escapeIdentifier(database)}`).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    throw new MigrationError(
      `The role of DATABASE_ADMIN_URL may not create databases: ${error.message}. Next: alter role ... createdb;`,
      { cause: error },
    );
  });
}

/** A name has at most 63 bytes. */
export const templateName = ({ database = '' }: pg.Client): string => `${database.slice(0, 54)}_template`;

/** Applies what one database lacks, by its own ledger. Files that are repeated change nothing but what the server has one of. */
async function migrateDatabase(
  there: pg.Client,
  files: Files,
  onStep: (line: string, file: string) => void,
): Promise<Applied[]> {
  const ledger = await readLedger(there);
  assertUnchanged([...files.platform, ...files.tenant], ledger);
  const isNew = ({ name, checksum }: Migration): boolean => ledger.get(name) !== checksum;
  return [
    ...(await applyMissing(there, files.platform.filter(isNew), { ledger, onStep })),
    ...(await applyMissing(there, files.tenant.filter(isNew), { ledger, place, onStep })),
  ];
}

/**
 * Those whose version is another one, tenants' before those that are ready for somebody, and last those that failed. A
 * tenant that is named is looked at whatever is noted: its database may have been restored as it was before.
 */
async function placesBehind(client: pg.Client, version: string, slug: string | undefined): Promise<Behind[]> {
  return await asMigrator(client, async () => {
    const { rows } = await client.query<Behind & { readonly version: string }>(
      `select place.tenant_id as "tenantId", place.database, login, host, port, generation, slug, version
      from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
      where state in ('ready', 'taken') and ($1::text is null or slug = $1)
      order by ${lastFailure} nulls first, state = 'taken' desc, place.tenant_id`,
      [slug ?? null],
    );
    if (slug !== undefined && rows.length === 0)
      throw new MigrationError(`There is no tenant "${slug}". Next: npm run tenant -- list`);
    return slug === undefined ? rows.filter((each) => each.version !== version) : rows;
  });
}

/** A second run that comes to the same database waits, and finds nothing to do. */
async function migratePlace(controlPlane: pg.ClientBase, adminUrl: string, behind: Behind, goal: Goal): Promise<void> {
  const { tenantId } = behind;
  await whileLocked(controlPlane, placeLock(tenantId), 'alone', async () => {
    try {
      await atPlace({ DATABASE_ADMIN_URL: adminUrl }, behind, async (there) => {
        await migrateDatabase(there, goal, () => {});
        await asMigrator(there, () => bindDatabase(there, tenantId));
        await goal.context.applyTo(there);
      });
    } catch (error) {
      await noteFailure(controlPlane, tenantId, failing(goal, error as Error), error as Error);
      throw error;
    }
    await asMigrator(controlPlane, async () => {
      await noteAll(controlPlane, tenantId, [...goal.platform, ...goal.tenant]);
      await controlPlane.query(`update platform.places set version = $2, migrated_at = now() where tenant_id = $1`, [
        tenantId,
        goal.version,
      ]);
    });
  });
}

/** The file that an error names; the first where it names none: the database was not reached. */
function failing({ platform, tenant }: Files, { message }: Error): Migration {
  const all = [...platform, ...tenant];
  return all.find(({ name }) => message.includes(name)) ?? (all[0] as Migration);
}

const nameOf = ({ database, slug }: Behind): string => `${database} (${slug ?? 'no tenant yet'})`;
