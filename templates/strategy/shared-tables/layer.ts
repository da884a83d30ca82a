import { defineLayer } from '../../../generators/engine/layer.ts';

/** What tenants in shared tables need, also beside tenants with databases of their own. */
export default defineLayer({
  id: 'strategy/shared-tables',
  when: ({ strategy }) => strategy.includes('shared-schema'),
});
