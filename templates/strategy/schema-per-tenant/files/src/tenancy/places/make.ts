import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { roles } from '../roles.ts';
import { schemaOf } from '../schema.ts';
import { explainMigration } from '../../platform/apply-migration.ts';
import { type Migration, readMigrations } from '../../platform/migration-files.ts';
import { versionOf } from './version.ts';

/** The files that every tenant's schema is made of. */
export async function readTenantMigrations(): Promise<Migration[]> {
  return (await readMigrations()).filter(({ name }) => name.startsWith('tenant/'));
}

/**
 * Gives what the migrations say of the runtime role to a tenant's own: there are no tables that two tenants share, and
 * no role that reaches two schemas.
 */
export const forRole =
  (role: string) =>
  (sql: string): string =>
    sql.replace(new RegExp(String.raw`\b${roles.runtime}\b`, 'g'), role);

/**
 * Makes a schema that a tenant may take, in one transaction of the administrator's: it is there wholly or not at all.
 * Returns the id of the tenant to come.
 */
export async function makePlace(admin: pg.Client, migrations: readonly Migration[]): Promise<string> {
  // Of no time and no order: the catalog shows the names to every tenant.
  const tenantId = randomUUID();
  try {
    await admin.query(`begin; set local lock_timeout = '30s'`);
    await buildPlace(admin, tenantId, migrations);
    await admin.query('commit');
    return tenantId;
  } catch (error) {
    await admin.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

/** Makes the schema and the role of one tenant inside a transaction of the administrator's. */
export async function buildPlace(
  admin: pg.ClientBase,
  tenantId: string,
  migrations: readonly Migration[],
): Promise<void> {
  const place = schemaOf(tenantId);
  await admin.query(`create role ${place} nologin; ${ownSchema(place)}`);
  await admin.query(`set local role ${roles.migrator}; set local search_path = ${place}, pg_temp`);
  for (const migration of migrations) {
    await admin.query(forRole(place)(migration.sql)).catch((error: unknown) => {
      throw explainMigration(error, migration);
    });
  }
  await bindToTenant(admin, tenantId);
  await admin.query(`reassign owned by ${roles.migrator} to ${roles.owner}`);
  await admin.query('insert into platform.places (tenant_id, version) values ($1, $2)', [
    tenantId,
    versionOf(migrations),
  ]);
  await admin.query(
    `insert into platform.place_migrations (tenant_id, name, checksum, status)
    select $1, name, checksum, 'applied' from unnest($2::text[], $3::text[]) as file (name, checksum)`,
    [tenantId, migrations.map(({ name }) => name), migrations.map(({ checksum }) => checksum)],
  );
  // Last, because others who make a schema wait for this lock.
  await admin.query(`reset role; reset search_path; ${memberships(place)}`);
}

/** The schema is the owner's; the tenant's role may use it, and so may who creates, finds and erases tenants. */
const ownSchema = (place: string): string => `
  create schema ${place} authorization ${roles.owner};
  grant usage on schema ${place} to ${place}, ${roles.platform}, ${roles.resolver}`;

/** The runtime role may become the tenant's, and inherits nothing of it; the tenant's role may ask whose context it is. */
export const memberships = (place: string): string =>
  `grant ${place} to ${roles.runtime}; grant ${roles.tenants} to ${place}`;

/**
 * Lets no row of anybody else into a tenant's tables, whoever writes it. In a transaction, as the migrator; tables that
 * have it already are left alone.
 */
export async function bindToTenant(admin: pg.ClientBase, tenantId: string): Promise<void> {
  const { rows } = await admin.query<{ text: string }>(
    `select format('alter table %I.%I add constraint tenant_here check (tenant_id = %L)', nspname, relname, $2::uuid) as text
    from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1
      and relkind in ('r', 'p')
      and not relispartition
      and exists (select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
      and not exists (select from pg_catalog.pg_constraint where conrelid = pg_class.oid and conname = 'tenant_here')`,
    [schemaOf(tenantId), tenantId],
  );
  if (rows.length > 0) await admin.query(rows.map(({ text }) => text).join(';'));
}
