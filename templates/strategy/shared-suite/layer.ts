import { defineLayer } from '../../../generators/engine/layer.ts';

/** What the isolation suite needs to know where new tenants share tables. */
export default defineLayer({
  id: 'strategy/shared-suite',
  when: ({ strategy }) => strategy[0] === 'shared-schema',
  only: {
    // Beside others, tenants have what those need.
    'test/isolation/strategy/': ({ strategy }) => strategy.length === 1,
  },
});
