import { type ContextSecrets, createContextSettings, noTenant } from './enter.ts';
import { schemaOf } from './schema.ts';
import type { TenantStore } from './strategy.ts';

/**
 * Each tenant has tables and a role of its own. The role reaches no other schema; that it cannot be left for another by
 * injected SQL is up to the context, which the policies of every schema check.
 */
export function createStore(secrets: ContextSecrets): TenantStore {
  const settings = createContextSettings(secrets);
  return {
    strategy: 'schema-per-tenant',
    enter: (tenant, now) => {
      const schema = schemaOf(tenant.id);
      return {
        settings: [...settings(tenant, now), ['search_path', `${schema}, pg_temp`], ['role', schema]],
        pool: 'shared',
        target: schema,
      };
    },
    outside: { settings: [...noTenant, ['search_path', 'pg_catalog, pg_temp'], ['role', 'none']] },
  };
}
