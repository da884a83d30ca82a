import { defineLayer } from '../../../generators/engine/layer.ts';

/** Keys with names, as the sealed context and the tenants' passwords have them. */
export default defineLayer({
  id: 'context/keys',
  when: ({ context, strategy }) => context === 'sealed' || strategy.includes('database-per-tenant'),
});
