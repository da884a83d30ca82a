import { defineLayer } from '../../../../generators/engine/layer.ts';

/** Keys are looked up in the tenant's own database, by its own login. */
export default defineLayer({
  id: 'strategy/database-look-ups/api-key',
  when: ({ strategy, resolution }) => strategy.includes('database-per-tenant') && resolution.includes('api-key'),
  tenancy: { functions: { 'platform.find_api_key(uuid,bytea)': { 'grant to tenants': 'execute' } } },
});
