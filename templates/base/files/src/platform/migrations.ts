import pg from 'pg';
import { counted } from '../counted.ts';
import { placement } from '../tenancy/placement.ts';
import { projectName, roles } from '../tenancy/roles.ts';
import type { MigrationProgress, TenantMigrationOptions } from '../tenancy/strategy.ts';
import { MigrationError } from './apply-migration.ts';
import {
  type Applied,
  applyMissing,
  assertUnchanged,
  describeNewer,
  type MigrationPlace,
  readLedger,
} from './apply-missing.ts';
import { applyContextSecrets } from './context-secrets.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { applyRolePasswords } from './role-passwords.ts';

export { MigrationError } from './apply-migration.ts';
export type { Applied } from './apply-missing.ts';

export interface MigrateOptions extends TenantMigrationOptions {
  /**
   * A role with CREATEROLE that owns the database; it need not be superuser. Not through a transaction pooler: the lock
   * lives in the session.
   */
  readonly adminUrl: string;
  /** DATABASE_URL, DATABASE_PLATFORM_URL and the secrets of the tenant context are applied where they are set. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told each step in one line. */
  readonly onStep?: (line: string) => void;
  /** Told what whoever runs this should know, and what stops nothing. */
  readonly onWarning?: (line: string) => void;
  /** Told of every tenant whose tables were reached; left out, onStep is told of each 5 %. */
  readonly onProgress?: (progress: MigrationProgress) => void;
}

/** Brings the database up to db/migrations; a second run waits for the first. Returns what it applied. */
export async function migrate(options: MigrateOptions): Promise<Applied[]> {
  const { adminUrl, environment } = options;
  const onStep = onceForEachFile(options.onStep ?? (() => {}));
  const { onProgress = inLines(onStep), onWarning = () => {} } = options;
  const migrations = await readMigrations();
  const client = new pg.Client({ connectionString: adminUrl, application_name: `${projectName} migrations` });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    await lock(client, onStep);
    await assertAdministrator(client);
    const ledger = await readLedger(client);
    assertUnchanged(migrations, ledger);
    const newer = describeNewer(migrations, ledger);
    if (newer !== undefined) onWarning(newer);
    const { dryRun } = options;
    const applyAll = async (files: readonly Migration[], place?: MigrationPlace): Promise<Applied[]> =>
      await applyMissing(client, files, { ledger, place, dryRun, onStep });
    const ofTenants = ({ name }: Migration): boolean => name.startsWith('tenant/');
    const ofPlatform = await applyAll(migrations.filter((each) => !ofTenants(each)));
    if (dryRun !== true) {
      // First, so that what is made of this database for tenants has them too.
      for (const line of await applyRolePasswords(client, environment)) onStep(line);
      for (const line of await applyContextSecrets(client, environment)) onStep(line);
    }
    const ofPlaces = await placement.migrate({
      ...options,
      client,
      onStep,
      onWarning,
      onProgress,
      migrations: migrations.filter(ofTenants),
      apply: applyAll,
    });
    return [...ofPlatform, ...ofPlaces];
  } finally {
    await client.end();
  }
}

/** A file that runs in several places is one step to who watches. */
function onceForEachFile(onStep: (line: string) => void): (line: string, file?: string) => void {
  const told = new Set<string>();
  return (line, file) => {
    if (file !== undefined && told.has(file)) return;
    if (file !== undefined) told.add(file);
    onStep(line);
  };
}

function inLines(onStep: (line: string) => void): (progress: MigrationProgress) => void {
  return ({ kind, done, failed, all }) => {
    const due = done % Math.max(1, Math.ceil(all / 20)) === 0;
    if (due || failed > 0 || done === all) {
      onStep(`${done.toLocaleString('en')} of ${counted(all, kind)} migrated${failed > 0 ? `, ${failed} failed` : ''}`);
    }
  };
}

/** Held until the connection ends, so a run that dies never blocks the next one. */
async function lock(client: pg.Client, onStep: (line: string) => void): Promise<void> {
  const key = [`${projectName} migrations`];
  const free = await client.query<{ free: boolean }>(
    'select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) as free',
    key,
  );
  if (free.rows[0]?.free === true) return;
  onStep('another run holds the lock; waiting for it');
  await client.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', key);
}

async function assertAdministrator(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{
    name: string;
    database: string;
    version: number;
    superuser: boolean;
    createsRoles: boolean;
    owns: boolean;
    rolesExist: boolean;
  }>(
    `select
      rolname as name,
      datname as database,
      current_setting('server_version_num')::integer as version,
      rolsuper as superuser,
      rolcreaterole as "createsRoles",
      pg_catalog.pg_has_role(current_user, datdba, 'usage') as owns,
      (select count(*) from pg_catalog.pg_roles where rolname = any($1)) = cardinality($1::text[]) as "rolesExist"
    from pg_catalog.pg_roles, pg_catalog.pg_database
    where rolname = current_user and datname = current_database()`,
    [Object.values(roles)],
  );
  const admin = rows[0];
  if (admin === undefined) throw new MigrationError('The role of DATABASE_ADMIN_URL is not in pg_roles.');
  if (admin.version < 150000) throw new MigrationError('PostgreSQL 15 or newer is needed. Next: upgrade the server.');
  if (admin.superuser) return;
  if (!admin.owns) {
    throw new MigrationError(
      `${admin.name} does not own the database ${admin.database}. Next: alter database "${admin.database}" owner to "${admin.name}";`,
    );
  }
  if (!admin.createsRoles && !admin.rolesExist) {
    throw new MigrationError(`${admin.name} may not create roles. Next: alter role "${admin.name}" createrole;`);
  }
}
