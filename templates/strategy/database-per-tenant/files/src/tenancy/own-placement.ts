import { asMigrator } from '../platform/as-migrator.ts';
import { fingerprint } from '../platform/fingerprint.ts';
import { asPlatformAt, atSameLogin, siteOf } from './places/connect.ts';
import { dropPlace } from './places/drop.ts';
import { migratePlaces } from './places/migrate.ts';
import { urlAt } from './places/place.ts';
import { prepare, takePlace } from './places/ready.ts';
import { settleIn } from './places/settle.ts';
import { roles } from './roles.ts';
import { templateSchema } from './schema.ts';
import type { TenantPlacement } from './strategy.ts';

/** The control plane's side of the strategy: a tenant is a database and a login, made before it. */
export const ownPlacement: TenantPlacement = {
  strategy: 'database-per-tenant',
  places: async (client) => {
    const { rows } = await client.query<{ id: string; database: string }>(
      `select tenant_id as id, database from platform.places join platform.placements using (tenant_id)
      where strategy = 'database-per-tenant'`,
    );
    return new Map(rows.map(({ id, database }) => [id, database]));
  },
  prepare,
  provision: takePlace,
  within: async ({ client }, tenantId, work, register) =>
    await asPlatformAt(
      client,
      await siteOf(client, tenantId),
      (there) => settleIn(client, there, tenantId, work),
      register,
    ),
  migrate: migratePlaces,
  fingerprint: async (admin, tenantId) => {
    const site = await siteOf(admin, tenantId);
    return await atSameLogin(admin, site, (there) => fingerprint(there, templateSchema, roles.tenants));
  },
  export: async ({ client, environment }, tenantId, work) => {
    const url = environment.DATABASE_ADMIN_URL ?? '';
    const site = await siteOf(client, tenantId);
    const there = { DATABASE_ADMIN_URL: url === '' ? '' : urlAt(url, site) };
    return await asMigrator(there, (admin) => work(admin, templateSchema));
  },
  destroy: async ({ environment }, tenantId) => await dropPlace(environment, tenantId),
};
