import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { placement } from '../tenancy/placement.ts';
import { projectName, roles } from '../tenancy/roles.ts';
import type { MigrationProgress, TenantMigrationOptions } from '../tenancy/strategy.ts';
import { applyMigration, explainMigration, MigrationError } from './apply-migration.ts';
import { applyContextSecrets } from './context-secrets.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { applyRolePasswords } from './role-passwords.ts';

export { MigrationError } from './apply-migration.ts';

export interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly milliseconds: number;
}

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
  /** Told of every tenant whose tables were reached; left out, onStep is told of each 5 %. */
  readonly onProgress?: (progress: MigrationProgress) => void;
}

/** Brings the database up to db/migrations; a second run waits for the first. Returns what it applied. */
export async function migrate(options: MigrateOptions): Promise<Applied[]> {
  const { adminUrl, environment, onStep = () => {}, onProgress = inLines(onStep) } = options;
  const migrations = await readMigrations();
  const client = new pg.Client({ connectionString: adminUrl, application_name: `${projectName} migrations` });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    await lock(client, onStep);
    await assertAdministrator(client);
    const ledger = await readLedger(client);
    assertUnchanged(migrations, ledger);
    const applyAll = async (files: readonly Migration[], place?: Place): Promise<Applied[]> => {
      const applied: Applied[] = [];
      for (const migration of files) {
        const isNew = ledger.get(migration.name) !== migration.checksum;
        if (!isNew && (!migration.repeated || options.dryRun === true)) continue;
        if (options.dryRun === true) {
          onStep(`would apply ${migration.name}`);
          continue;
        }
        const milliseconds = await applyWithRetries(client, migration, place);
        if (!isNew) continue;
        applied.push({ name: migration.name, checksum: migration.checksum, milliseconds });
        onStep(`applied ${migration.name} (${milliseconds} ms)`);
      }
      return applied;
    };
    const ofTenants = ({ name }: Migration): boolean => name.startsWith('tenant/');
    const ofPlatform = await applyAll(migrations.filter((each) => !ofTenants(each)));
    const applied = [
      ...ofPlatform,
      ...(await placement.migrate({
        ...options,
        client,
        onStep,
        onProgress,
        migrations: migrations.filter(ofTenants),
        apply: applyAll,
      })),
    ];
    if (options.dryRun === true) return applied;
    const secrets = [
      ...(await applyRolePasswords(client, environment)),
      ...(await applyContextSecrets(client, environment)),
    ];
    for (const line of secrets) onStep(line);
    return applied;
  } finally {
    await client.end();
  }
}

function inLines(onStep: (line: string) => void): (progress: MigrationProgress) => void {
  return ({ kind, done, failed, all }) => {
    const due = done % Math.max(1, Math.ceil(all / 20)) === 0;
    if (due || failed > 0 || done === all) {
      onStep(`${done} of ${all} ${kind} migrated${failed > 0 ? `, ${failed} failed` : ''}`);
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

type Place = Parameters<Parameters<typeof placement.migrate>[0]['apply']>[1];

/** Notes in the ledger that a file ran. */
async function record(client: pg.ClientBase, { name, checksum }: Migration): Promise<void> {
  await client.query(
    `insert into platform.migrations (name, checksum) values ($1, $2)
    on conflict (name) do update
    set checksum = excluded.checksum, applied_at = now()
    where migrations.checksum <> excluded.checksum`,
    [name, checksum],
  );
}

/** Checksums by name; empty before the first run. */
async function readLedger(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select pg_catalog.to_regclass('platform.migrations') is not null as exists`,
  );
  if (rows[0]?.exists !== true) return new Map();
  await client.query('begin');
  await client.query(`set local role ${roles.migrator}`);
  const ledger = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from platform.migrations',
  );
  await client.query('commit');
  return new Map(ledger.rows.map(({ name, checksum }) => [name, checksum]));
}

function assertUnchanged(migrations: readonly Migration[], ledger: ReadonlyMap<string, string>): void {
  const changed = migrations.filter(({ name, checksum, repeated }) => {
    const before = ledger.get(name);
    return !repeated && before !== undefined && before !== checksum;
  });
  if (changed.length === 0) return;
  throw new MigrationError(
    `Changed after it was applied here: ${changed.map(({ name }) => `db/migrations/${name}`).join(', ')}.\n` +
      'Nothing was run. Next: restore the file and put the change into a new one.',
  );
}

/**
 * Roles are shared by the databases of a cluster: two runs that alter one role at the same time get XX000 or 40P01, and
 * the later one tries again.
 */
async function applyWithRetries(client: pg.Client, migration: Migration, place?: Place): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const start = performance.now();
      await applyMigration(client, migration, {
        searchPath: place === undefined ? 'pg_catalog' : place.schema,
        rewrite: place?.rewrite,
        record,
      });
      return Math.round(performance.now() - start);
    } catch (error) {
      const transient =
        error instanceof pg.DatabaseError && (error.code === '40P01' || /tuple concurrently/.test(error.message));
      if (!migration.repeated || !transient || attempt === 10) throw explainMigration(error, migration);
      await pause(20 * attempt * Math.random());
    }
  }
}
