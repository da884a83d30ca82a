import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';

/** What only tenants with databases of their own need. */
export const strategyUsage = `
  prepare [--ready <n>]                               databases for tenants to come, until n (5) are ready
  drift                                               where a database is not as the migrations make it`;

export const strategyCommands = (environment: Environment): Commands => ({
  prepare: {
    takesSlug: false,
    run: async (client, { ready = 5 }) => {
      const made = await prepareMany({ client, environment }, ready);
      return { data: { made, ready }, text: `${made} databases made, ${ready} are ready` };
    },
  },
  drift: {
    takesSlug: false,
    run: async () => {
      const found = await asAdministrator(environment, (admin) => findDrift(admin));
      const lines = found.map(({ database, slug, missing, unexpected }) =>
        [
          `${database} (${slug ?? 'no tenant'})`,
          ...missing.map((line) => `  - ${line}`),
          ...unexpected.map((line) => `  + ${line}`),
        ].join('\n'),
      );
      const text = found.length === 0 ? 'every database is as the migrations make it' : lines.join('\n');
      return { data: found, text, failed: found.length > 0 };
    },
  },
});
