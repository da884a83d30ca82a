import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { roles } from '../roles.ts';
import { schemaOf } from '../schema.ts';
import { explainMigration } from '../../platform/apply-migration.ts';
import type { Migration } from '../../platform/migration-files.ts';
import { bindToTenant } from './bind.ts';
import { noteAll } from './ledger.ts';
import { settled } from './settled.ts';
import { forRole } from './tenant-migrations.ts';
import { versionOf } from './version.ts';

/**
 * Makes a schema that a tenant may take, in one transaction of the administrator's: it is there wholly or not at all.
 * Returns the id of the tenant to come.
 */
export async function makePlace(admin: pg.Client, migrations: readonly Migration[]): Promise<string> {
  // Of no time and no order: the catalog shows the names to every tenant.
  const tenantId = randomUUID();
  try {
    await settled([
      admin.query(`begin; set local lock_timeout = '30s'`),
      buildPlace(admin, tenantId, migrations),
      admin.query('commit'),
    ]);
    return tenantId;
  } catch (error) {
    await admin.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

/**
 * Makes the schema and the role of one tenant inside a transaction of the administrator's. All statements are sent
 * before the first answer is there: on a connection that pipelines they take one round trip.
 */
export async function buildPlace(
  admin: pg.ClientBase,
  tenantId: string,
  migrations: readonly Migration[],
): Promise<void> {
  const place = schemaOf(tenantId);
  const rewrite = forRole(place);
  const run = async (migration: Migration): Promise<void> => {
    await admin.query(rewrite(migration.sql)).catch((error: unknown) => {
      throw explainMigration(error, migration);
    });
  };
  await settled([
    admin.query(`create role ${place} nologin; ${ownSchema(place)}`),
    admin.query(`set local role ${roles.migrator}; set local search_path = ${place}, pg_temp`),
    ...migrations.map(run),
    bindToTenant(admin, place, tenantId),
    admin.query(`reassign owned by ${roles.migrator} to ${roles.owner}`),
    admin.query('insert into platform.places (tenant_id, version) values ($1, $2)', [tenantId, versionOf(migrations)]),
    noteAll(admin, tenantId, migrations),
    // Last, because others who make a schema wait for this lock.
    admin.query(`reset role; reset search_path; ${memberships(place)}`),
  ]);
}

/** The schema is the owner's; the tenant's role may use it, and so may who creates, finds and erases tenants. */
const ownSchema = (place: string): string => `
  create schema ${place} authorization ${roles.owner};
  grant usage on schema ${place} to ${place}, ${roles.platform}, ${roles.resolver}`;

/**
 * The runtime role may become the tenant's, and inherits nothing of it; the tenant's role may ask whose context it is.
 */
export const memberships = (place: string): string =>
  `grant ${place} to ${roles.runtime}; grant ${roles.tenants} to ${place}`;
