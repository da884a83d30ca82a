import { type ContextSecrets, createContextSettings, noTenant } from './enter.ts';
import type { TenantStore } from './strategy.ts';

/** All tenants share the tables of the schema app; row-level security keeps them apart. */
export function createSharedSchema(secrets: ContextSecrets): TenantStore {
  const settings = createContextSettings(secrets);
  return {
    strategy: 'shared-schema',
    schema: 'app',
    enter: (tenant, now) => ({ settings: settings(tenant, now) }),
    outside: { settings: noTenant },
  };
}
