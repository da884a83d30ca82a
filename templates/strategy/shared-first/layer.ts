import { defineLayer } from '../../../generators/engine/layer.ts';

/** Of several strategies, the one that new tenants get. */
export default defineLayer({
  id: 'strategy/shared-first',
  when: ({ strategy }) => strategy.length > 1 && strategy[0] === 'shared-schema',
});
