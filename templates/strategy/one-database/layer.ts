import { defineLayer } from '../../../generators/engine/layer.ts';

/** What the isolation suite needs to know where all tenants are in the application's own database. */
export default defineLayer({
  id: 'strategy/one-database',
  when: ({ strategy }) => strategy.length === 1 && strategy[0] !== 'database-per-tenant',
});
