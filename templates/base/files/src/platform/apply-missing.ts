import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { roles } from '../tenancy/roles.ts';
import { applyMigration, explainMigration, MigrationError } from './apply-migration.ts';
import { type Migration, unknownMigrations } from './migration-files.ts';

export interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly milliseconds: number;
}

/** Where names without a schema are, and how the text of a migration changes on the way there. */
export interface MigrationPlace {
  readonly schema: string;
  readonly rewrite?: (sql: string) => string;
}

/** Applies what the ledger lacks, and what is repeated on every run. Returns what was new. */
export async function applyMissing(
  client: pg.Client,
  migrations: readonly Migration[],
  {
    ledger,
    place,
    dryRun = false,
    onStep,
  }: {
    /** Checksums by name, as readLedger() gives them. */
    readonly ledger: ReadonlyMap<string, string>;
    readonly place?: MigrationPlace | undefined;
    /** Only says what would be done. */
    readonly dryRun?: boolean | undefined;
    /** Told each step in one line, and which file it is about. */
    readonly onStep: (line: string, file: string) => void;
  },
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const migration of migrations) {
    const isNew = ledger.get(migration.name) !== migration.checksum;
    if (!isNew && (!migration.repeated || dryRun)) continue;
    if (dryRun) {
      onStep(`would apply ${migration.name}`, migration.name);
      continue;
    }
    const milliseconds = await applyWithRetries(client, migration, place);
    if (!isNew) continue;
    applied.push({ name: migration.name, checksum: migration.checksum, milliseconds });
    onStep(`applied ${migration.name} (${milliseconds} ms)`, migration.name);
  }
  return applied;
}

/** Notes in the ledger that a file ran; as the migrator. */
export async function noteApplied(
  client: pg.ClientBase,
  { name, checksum }: Pick<Migration, 'name' | 'checksum'>,
): Promise<void> {
  await client.query(
    `insert into platform.migrations (name, checksum) values ($1, $2)
    on conflict (name) do update
    set checksum = excluded.checksum, applied_at = now()
    where migrations.checksum <> excluded.checksum`,
    [name, checksum],
  );
}

/** Checksums by name; empty before the first run. */
export async function readLedger(client: pg.Client): Promise<Map<string, string>> {
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

export function assertUnchanged(migrations: readonly Migration[], ledger: ReadonlyMap<string, string>): void {
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
 * What to tell of a database that knows files which this checkout does not; undefined when it knows none. That is no
 * error: an application that was rolled back runs on the newer database that it finds, whose migrations only add.
 */
export function describeNewer(
  migrations: readonly Migration[],
  ledger: ReadonlyMap<string, string>,
): string | undefined {
  const unknown = unknownMigrations(migrations, ledger.keys());
  if (unknown.length === 0) return undefined;
  const lastOf = (part: string): string =>
    migrations.filter(({ name }) => name.startsWith(part)).at(-1)?.name ?? 'none';
  return (
    `The database is newer than this checkout: it has ${listed(unknown)}, and db/migrations ends with ${lastOf('platform/')} and ${lastOf('tenant/')}. ` +
    'It is left as it is. Next: nothing, after a rollback; otherwise take the checkout that has these files.'
  );
}

const mostListed = 3;

/** The first few of many names. */
export function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return more > 0 ? `${names.slice(0, mostListed).join(', ')} and ${more} more` : names.join(', ');
}

/**
 * Roles are shared by the databases of a cluster: two runs that alter one role at the same time get XX000 or 40P01, and
 * the later one tries again.
 */
async function applyWithRetries(client: pg.Client, migration: Migration, place?: MigrationPlace): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      const start = performance.now();
      await applyMigration(client, migration, {
        searchPath: place === undefined ? 'pg_catalog' : place.schema,
        rewrite: place?.rewrite,
        record: noteApplied,
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
