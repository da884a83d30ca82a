import { asMigrator } from '../platform/as-migrator.ts';
import { fingerprint } from '../platform/fingerprint.ts';
import { dropPlace } from './places/drop.ts';
import { migratePlaces } from './places/migrate.ts';
import { prepare, takePlace } from './places/ready.ts';
import { schemaOf } from './schema.ts';
import type { TenantPlacement } from './strategy.ts';

/** The control plane's side of the strategy: a tenant is a schema and a role, made before it. */
export const placement: TenantPlacement = {
  strategy: 'schema-per-tenant',
  places: async (client) => {
    const { rows } = await client.query<{ id: string }>('select id from platform.tenants');
    return new Map(rows.map(({ id }) => [id, schemaOf(id)]));
  },
  prepare,
  provision: takePlace,
  within: async ({ client }, _, work, register) => {
    await register?.();
    return await work(client);
  },
  migrate: migratePlaces,
  fingerprint: async (admin, tenantId) => await fingerprint(admin, schemaOf(tenantId), schemaOf(tenantId)),
  export: async ({ environment }, tenantId, work) =>
    await asMigrator(environment, (client) => work(client, schemaOf(tenantId))),
  destroy: async ({ environment }, tenantId) => await dropPlace(environment, tenantId),
};
