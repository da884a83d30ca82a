import { defineLayer } from '../../../generators/engine/layer.ts';

/** What tables need that could hold rows of several tenants. */
export default defineLayer({
  id: 'strategy/rows',
  when: ({ strategy }) => strategy.some((each) => each !== 'schema-per-tenant'),
});
