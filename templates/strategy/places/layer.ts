import type { Answers } from '../../../generators/answers/options.ts';
import { defineLayer } from '../../../generators/engine/layer.ts';

const ownFirst = ({ strategy }: Answers): boolean => strategy[0] !== 'shared-schema';

/** What tenants need that have a place of their own, be it a schema or a database. */
export default defineLayer({
  id: 'strategy/places',
  when: ({ strategy }) => strategy.some((each) => each !== 'shared-schema'),
  // Tests of places are made with new tenants, which get what is named first.
  only: {
    'test/unit/answers.ts': ownFirst,
    'test/unit/cut-off.ts': ownFirst,
    'test/unit/cut-off.test.ts': ownFirst,
    'test/unit/cut-off-everywhere.ts': ownFirst,
    'test/unit/new-places.test.ts': ownFirst,
  },
  tenancy: {
    relations: {
      'platform.directory': 'platform: whose a key or a domain may be; only the look-ups read it',
      'platform.place_migrations': 'platform: what each migration did in each place',
    },
    exceptions: {
      'platform.directory': { 'grant to resolver': 'select, insert, delete' },
      'platform.place_migrations': { 'grant to platform': 'select' },
    },
    functions: { 'app.tenant_id()': { 'grant to tenants': 'execute' } },
  },
});
