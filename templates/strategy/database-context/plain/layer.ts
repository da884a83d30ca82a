import { defineLayer } from '../../../../generators/engine/layer.ts';

/** What a plain context asks of every tenant's database. */
export default defineLayer({
  id: 'strategy/database-context/plain',
  when: ({ strategy, context }) => strategy.includes('database-per-tenant') && context === 'plain',
  tenancy: {
    functions: {
      'app.refuse_context()': { 'grant to resolver': 'execute' },
      'app.tenant_id()': { 'grant to resolver': 'execute' },
    },
  },
});
