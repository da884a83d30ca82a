import { defineLayer } from '../../../generators/engine/layer.ts';

/** What the plain context asks of roles that are the tenants' own. */
export default defineLayer({
  id: 'strategy/plain-context',
  when: ({ strategy, context }) => strategy.some((each) => each !== 'shared-schema') && context === 'plain',
  tenancy: { functions: { 'app.refuse_context()': { 'grant to tenants': 'execute' } } },
});
