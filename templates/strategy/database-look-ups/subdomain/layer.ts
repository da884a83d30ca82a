import { defineLayer } from '../../../../generators/engine/layer.ts';

/** Domains are looked up in the tenant's own database, by its own login. */
export default defineLayer({
  id: 'strategy/database-look-ups/subdomain',
  when: ({ strategy, resolution }) => strategy.includes('database-per-tenant') && resolution.includes('subdomain'),
  tenancy: { functions: { 'platform.find_domain(text)': { 'grant to tenants': 'execute' } } },
});
