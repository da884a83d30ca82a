import { type ContextSecrets, createContextSettings, noTenant } from './enter.ts';
import type { TenantStore } from './strategy.ts';

/** All tenants share the tables of the schema app; row-level security keeps them apart. */
export function createStore(secrets: ContextSecrets): TenantStore {
  const settings = createContextSettings(secrets);
  return {
    strategy: 'shared-schema',
    enter: (tenant, now) => ({ settings: settings(tenant, now), pool: 'shared' }),
    outside: { settings: noTenant },
  };
}
