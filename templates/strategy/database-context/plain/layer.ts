import { defineLayer } from '../../../../generators/engine/layer.ts';

/** What a plain context asks of every tenant's database. */
export default defineLayer({
  id: 'strategy/database-context/plain',
  when: ({ strategy, context }) => strategy.includes('database-per-tenant') && context === 'plain',
});
