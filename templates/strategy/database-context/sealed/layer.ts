import { defineLayer } from '../../../../generators/engine/layer.ts';

/** What a sealed context asks of every tenant's database. */
export default defineLayer({
  id: 'strategy/database-context/sealed',
  when: ({ strategy, context }) => strategy.includes('database-per-tenant') && context === 'sealed',
  // Tests work with new tenants, which get what is named first.
  only: { 'test/unit/': ({ strategy }) => strategy[0] === 'database-per-tenant' },
});
