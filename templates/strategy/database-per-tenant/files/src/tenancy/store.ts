import { type ContextSecrets, createContextSettings, noTenant } from './enter.ts';
import type { TenantStore } from './strategy.ts';

/** Each tenant has a database; in there its context is checked as if others' rows were there too. */
export function createStore(secrets: ContextSecrets): TenantStore {
  const settings = createContextSettings(secrets);
  return {
    strategy: 'database-per-tenant',
    enter: (tenant, now) => ({ settings: settings(tenant, now), pool: tenant.id }),
    outside: { settings: noTenant },
  };
}
