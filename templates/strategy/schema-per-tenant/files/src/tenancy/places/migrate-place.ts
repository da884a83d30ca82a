import type pg from 'pg';
import { projectName, roles } from '../roles.ts';
import { schemaOf } from '../schema.ts';
import { explainMigration, MigrationError } from '../../platform/apply-migration.ts';
import type { Migration } from '../../platform/migration-files.ts';
import { bindToTenant } from './bind.ts';
import { noteAll, noteFailure } from './ledger.ts';
import { settled } from './settled.ts';
import { forRole } from './tenant-migrations.ts';
import { versionOf } from './version.ts';

/**
 * Applies what one schema lacks, in one transaction and two round trips: the first locks the schema and reads what it
 * has, the second does everything else. A second run that comes to the same schema waits, and finds nothing to do.
 * `client` is an administrator's that pipelines.
 */
export async function migratePlace(
  client: pg.Client,
  tenantId: string,
  migrations: readonly Migration[],
): Promise<void> {
  const place = schemaOf(tenantId);
  let failing: Migration | undefined;
  try {
    const missing = missingIn(await lockAndRead(client, tenantId), migrations);
    // The template had every file before: none ends the transaction.
    const run = async (migration: Migration): Promise<void> => {
      await settled([
        client.query(`set local role ${roles.migrator}; set local search_path = ${place}, pg_temp`),
        client.query(forRole(place)(migration.sql)),
      ]).catch((error: unknown) => {
        failing ??= migration;
        throw error;
      });
    };
    await settled([...missing.map(run), finish(client, tenantId, missing, versionOf(migrations))]);
  } catch (error) {
    await client.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    if (failing === undefined) throw error;
    const explained = explainMigration(error, failing);
    await noteFailure(client, tenantId, failing, explained as Error);
    throw explained;
  }
}

/** Begins the transaction; returns the checksums that the schema has, by name. */
async function lockAndRead(client: pg.Client, tenantId: string): Promise<Map<string, string>> {
  const results = (await client.query(
    `begin;
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('${projectName} ${schemaOf(tenantId)}', 0));
    set local lock_timeout = '30s';
    set local role ${roles.migrator};
    select name, checksum from platform.place_migrations where tenant_id = '${tenantId}' and status = 'applied'`,
  )) as unknown as pg.QueryResult<{ name: string; checksum: string }>[];
  return new Map(results.at(-1)?.rows.map(({ name, checksum }) => [name, checksum]));
}

function missingIn(ledger: ReadonlyMap<string, string>, migrations: readonly Migration[]): Migration[] {
  return migrations.filter(({ name, checksum }) => {
    const before = ledger.get(name);
    if (before !== undefined && before !== checksum)
      throw new MigrationError(`db/migrations/${name} was changed after it was applied.`);
    return before === undefined;
  });
}

/** Hands what was made to the owner, notes what was done, and commits. */
async function finish(
  client: pg.Client,
  tenantId: string,
  applied: readonly Migration[],
  version: string,
): Promise<void> {
  await settled([
    client.query(`set local role ${roles.migrator}; set local search_path = pg_catalog`),
    bindToTenant(client, schemaOf(tenantId), tenantId),
    client.query(`reassign owned by ${roles.migrator} to ${roles.owner}`),
    noteAll(client, tenantId, applied),
    client.query('update platform.places set version = $2, migrated_at = now() where tenant_id = $1', [
      tenantId,
      version,
    ]),
    client.query('commit'),
  ]);
}
