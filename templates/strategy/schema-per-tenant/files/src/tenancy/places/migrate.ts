import pg from 'pg';
import { projectName } from '../roles.ts';
import { schemaOf, templateSchema } from '../schema.ts';
import type { TenantMigrationRun } from '../strategy.ts';
import { applyMigration, explainMigration, MigrationError } from '../../platform/apply-migration.ts';
import type { Migration } from '../../platform/migration-files.ts';
import type { Applied } from '../../platform/migrations.ts';
import { bindToTenant } from './bind.ts';
import { asMigrator, note, noteFailure } from './ledger.ts';
import { forRole } from './tenant-migrations.ts';
import { type Outcome, runInWaves } from './waves.ts';
import { versionOf } from './version.ts';

/** A schema that lacks migrations; its tenant's slug when it has one. */
interface Behind {
  readonly tenantId: string;
  readonly slug: string | null;
}

/**
 * Brings every schema up to the files: the template first, then one tenant's, then 5 % of them, then all others. Schemas
 * that are up to date cost nothing. A file that fails in one schema stops what was not begun; the others keep what they
 * have, and the next run continues.
 */
export async function migratePlaces(run: TenantMigrationRun): Promise<Applied[]> {
  const { client, migrations, apply, onStep, workers = 4 } = run;
  const applied = await apply(migrations, { schema: templateSchema });
  const version = versionOf(migrations);
  const behind = await placesBehind(client, version, run.tenant);
  if (behind.length === 0) return applied;
  if (run.dryRun === true) {
    for (const { tenantId, slug } of behind) onStep(`would migrate ${schemaOf(tenantId)} (${slug ?? 'no tenant yet'})`);
    return applied;
  }
  const told = Math.max(1, Math.ceil(behind.length / 20));
  const pool = new pg.Pool({
    connectionString: run.adminUrl,
    max: workers,
    application_name: `${projectName} migrations`,
  });
  pool.on('error', () => {}); // An idle connection that dies is replaced by the pool.
  try {
    const { done, failed } = await runInWaves(behind, {
      workers,
      work: ({ tenantId }) => migratePlace(pool, tenantId, migrations),
      onDone: (count) => {
        if (count % told === 0 || count === behind.length) onStep(`${count} of ${behind.length} schemas migrated`);
      },
    });
    if (failed.length > 0) throw explainFailures(failed, done.length, behind.length);
  } finally {
    await pool.end();
  }
  return applied;
}

/** Those whose version is another one, tenants' before those that are ready for somebody. */
async function placesBehind(client: pg.Client, version: string, slug: string | undefined): Promise<Behind[]> {
  return await asMigrator(client, async () => {
    const known = await client.query<{ exists: boolean }>(
      `select pg_catalog.to_regclass('platform.places') is not null as exists`,
    );
    if (known.rows[0]?.exists !== true) return [];
    const { rows } = await client.query<Behind & { readonly version: string }>(
      `select place.tenant_id as "tenantId", slug, version
      from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
      where state in ('ready', 'taken') and ($1::text is null or slug = $1)
      order by state = 'taken' desc, place.tenant_id`,
      [slug ?? null],
    );
    if (slug !== undefined && rows.length === 0)
      throw new MigrationError(`There is no tenant "${slug}". Next: npm run tenant -- list`);
    return rows.filter((place) => place.version !== version);
  });
}

/** Applies what one schema lacks; a second run that comes to the same schema waits, and finds nothing to do. */
async function migratePlace(pool: pg.Pool, tenantId: string, migrations: readonly Migration[]): Promise<void> {
  const client = await pool.connect();
  const place = schemaOf(tenantId);
  let failing: Migration | undefined;
  try {
    await client.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', [
      `${projectName} ${place}`,
    ]);
    const ledger = await readLedger(client, tenantId);
    for (const migration of migrations) {
      failing = migration;
      const before = ledger.get(migration.name);
      if (before === migration.checksum) continue;
      if (before !== undefined)
        throw new MigrationError(`db/migrations/${migration.name} was changed after it was applied.`);
      const record = note(tenantId, 'applied', null);
      await applyMigration(client, migration, { searchPath: place, rewrite: forRole(place), record });
    }
    failing = undefined;
    await asMigrator(client, async () => {
      await bindToTenant(client, place, tenantId);
      await client.query(`update platform.places set version = $2, migrated_at = now() where tenant_id = $1`, [
        tenantId,
        versionOf(migrations),
      ]);
    });
  } catch (error) {
    const explained = failing === undefined ? error : explainMigration(error, failing);
    if (failing !== undefined) await noteFailure(client, tenantId, failing, explained as Error);
    throw explained;
  } finally {
    // With its connection goes the lock.
    client.release(true);
  }
}

async function readLedger(client: pg.ClientBase, tenantId: string): Promise<Map<string, string>> {
  return await asMigrator(client, async () => {
    const { rows } = await client.query<{ name: string; checksum: string }>(
      `select name, checksum from platform.place_migrations where tenant_id = $1 and status = 'applied'`,
      [tenantId],
    );
    return new Map(rows.map(({ name, checksum }) => [name, checksum]));
  });
}

function explainFailures(failures: Outcome<Behind>['failed'], done: number, all: number): MigrationError {
  const lines = failures.map(
    ({ item: { tenantId, slug }, error }) => `${schemaOf(tenantId)} (${slug ?? 'no tenant yet'}): ${error.message}`,
  );
  return new MigrationError(
    `${lines.join('\n')}\n${done} of ${all} schemas were migrated, and no wave after this one was begun; the others serve their tenants as before. ` +
      'Next: mend it and run npm run db:migrate again: it continues where it stopped.',
  );
}
