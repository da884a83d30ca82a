import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { readTemplate, siteOf } from '../../src/tenancy/places/connect.ts';
import { databaseKeysOf } from '../../src/tenancy/places/credentials.ts';
import { dropDatabase, dropLogin } from '../../src/tenancy/places/drop.ts';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import { closeControlPlane, closeDatabase, copy, ownerMark } from '../../src/tenancy/places/make.ts';
import { templateName } from '../../src/tenancy/places/migrate.ts';
import { type Place, placeUrl, type Site, urlAt } from '../../src/tenancy/places/place.ts';
import { roles } from '../../src/tenancy/roles.ts';
import type { TestDatabase } from './database.ts';

/** By which URLs the three logins reach tables. */
export type TableUrls = Pick<TestDatabase, 'adminUrl' | 'runtimeUrl' | 'platformUrl'>;

/** Gives a copy of a control plane copies of its tenants' databases: they are the same server's, and those are the original's. */
export async function copyPlaces(adminUrl: string, _environment: Readonly<Record<string, string>>): Promise<void> {
  await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, async (admin) => {
    // Privileges of a database are not copied with it.
    await closeControlPlane(admin);
    const { rows } = await asMigrator(admin, () =>
      admin.query<Site>(
        `select tenant_id as "tenantId", database, login, host, port, generation from platform.places
        where state in ('ready', 'taken')`,
      ),
    );
    for (const { tenantId, database, login } of rows) {
      const name = `t_${randomBytes(16).toString('hex')}`;
      await copy(admin, name, database);
      await closeDatabase(admin, name);
      await admin.query(`grant connect on database ${name} to ${login}`);
      await asMigrator(admin, () =>
        admin.query('update platform.places set database = $2 where tenant_id = $1', [tenantId, name]),
      );
    }
  });
}

/**
 * Drops the databases of the tenants of a control plane that is about to be dropped, and logins that nobody else uses.
 * What a copy of a control plane names without having copies of its own is left to the original.
 */
export async function dropPlaces(adminUrl: string, _environment: Readonly<Record<string, string>>): Promise<void> {
  await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, async (admin) => {
    const migrated = await admin.query<{ is: boolean }>(`select to_regclass('platform.places') is not null as is`);
    if (migrated.rows[0]?.is !== true) return;
    const { rows } = await asMigrator(admin, () =>
      admin.query<{ database: string; login: string }>(
        `select database, login from platform.places
        join pg_catalog.pg_database on datname = database
        where shobj_description(oid, 'pg_database') = $1`,
        [ownerMark(admin)],
      ),
    );
    for (const { database, login } of rows) {
      await dropDatabase(admin, database);
      await dropLogin(admin, login);
    }
    for (const name of [templateName(admin), migratedName(admin)]) await dropDatabase(admin, name);
  });
}

/** Where a tenant's rows are. */
export async function placeUrls(
  { adminUrl, runtimeUrl, platformUrl, environment }: TableUrls & Pick<TestDatabase, 'environment'>,
  tenantId: string,
): Promise<TableUrls> {
  return await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, (admin) =>
    asMigrator(admin, async () => {
      const site = await siteOf(admin, tenantId);
      const { rows } = await admin.query<Pick<Place, 'sealedPassword'>>(
        'select sealed_password as "sealedPassword" from platform.places where tenant_id = $1',
        [tenantId],
      );
      const sealedPassword = rows[0]?.sealedPassword ?? '';
      return {
        adminUrl: urlAt(adminUrl, site),
        runtimeUrl: placeUrl(runtimeUrl, { ...site, sealedPassword }, databaseKeysOf(environment)),
        platformUrl: urlAt(platformUrl, site),
      };
    }),
  );
}

/** A copy of the template for who breaks what is there; it goes with the places. */
export async function migratedUrl(adminUrl: string): Promise<string> {
  return await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, async (admin) => {
    const template = await asMigrator(admin, () => readTemplate(admin));
    const database = migratedName(admin);
    await copy(admin, database, template?.database ?? '');
    await closeDatabase(admin, database);
    return urlAt(adminUrl, { database, host: null, port: null });
  });
}

const migratedName = ({ database = '' }: pg.Client): string => `${database}_migrated`;

/** Where the tables are that every tenant's are made like; nobody but the administrator gets in. */
export async function templateUrl(adminUrl: string): Promise<string> {
  return await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, (admin) =>
    asMigrator(admin, async () => {
      const template = await readTemplate(admin);
      return urlAt(adminUrl, { database: template?.database ?? '', host: null, port: null });
    }),
  );
}

/** The role that the policies of these tables are for. */
export const servedRole = roles.tenants;

/** What the administrator has to be, beside the owner of the database. */
export const administratorRights = 'createrole createdb';
