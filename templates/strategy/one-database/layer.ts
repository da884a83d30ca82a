import { defineLayer } from '../../../generators/engine/layer.ts';

/** Where every tenant is in the application's own database. */
export default defineLayer({
  id: 'strategy/one-database',
  when: ({ strategy }) => strategy.length === 1 && strategy[0] !== 'database-per-tenant',
});
