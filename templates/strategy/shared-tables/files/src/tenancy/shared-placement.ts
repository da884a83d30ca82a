import { newId } from '../ids.ts';
import { MigrationError } from '../platform/apply-migration.ts';
import { asMigrator } from '../platform/as-migrator.ts';
import { eraseRows } from '../platform/erase-rows.ts';
import { fingerprint } from '../platform/fingerprint.ts';
import { roles } from './roles.ts';
import { describeUnsafeTables } from './safety.ts';
import { schemaOf, templateSchema } from './schema.ts';
import type { TenantPlacement } from './strategy.ts';

/** The control plane's side of the strategy: a tenant is nothing but its rows. */
export const sharedPlacement: TenantPlacement = {
  strategy: 'shared-schema',
  places: async () => new Map(),
  prepare: async () => {},
  provision: async () => newId(),
  within: async ({ client }, _, work, register) => {
    await register?.();
    return await work(client);
  },
  migrate: async ({ client, migrations, apply, tenant, dryRun, onWarning }) => {
    if (tenant !== undefined) throw new MigrationError('All tenants share the tables. Next: leave --tenant out.');
    const applied = await apply(migrations, { schema: templateSchema });
    const unsafe = dryRun === true ? undefined : await describeUnsafeTables(client, templateSchema, roles.runtime);
    if (unsafe !== undefined) onWarning(unsafe);
    return applied;
  },
  fingerprint: async (admin, tenantId) => await fingerprint(admin, schemaOf(tenantId)),
  export: async ({ environment }, tenantId, work) =>
    await asMigrator(environment, (client) => work(client, schemaOf(tenantId))),
  destroy: async ({ client }, tenantId) => await eraseRows(client, tenantId),
};
