import { defineLayer } from '../../../generators/engine/layer.ts';

/** What the isolation suite attacks where tenants have databases of their own, be it all of them or some. */
export default defineLayer({
  id: 'strategy/database-suite',
  when: ({ strategy }) => strategy.includes('database-per-tenant'),
});
