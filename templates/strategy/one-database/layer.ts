import { defineLayer } from '../../../generators/engine/layer.ts';

/** What the isolation suite needs to know where new tenants are in the application's own database. */
export default defineLayer({
  id: 'strategy/one-database',
  when: ({ strategy }) => strategy[0] !== 'database-per-tenant',
  only: {
    // Where there is a directory it has to be kept.
    'test/isolation/strategy/noting.ts': ({ strategy }) => strategy.length === 1,
  },
});
