import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { roles } from '../../src/tenancy/roles.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';
import { prepareCommand } from './ready.ts';

export { afterCreate } from './ready.ts';

/** What only tenants with schemas of their own need. */
export const strategyUsage = `
  prepare [--ready <n>] [--watch]                     schemas for tenants to come, until n (READY_PLACES, else 10) are
                                                      ready; with --watch whenever one was taken, until Ctrl-C
  drift                                               where a schema is not as the migrations make it`;

export const strategyCommands = (environment: Environment): Commands => ({
  prepare: prepareCommand(environment, { thing: 'schema', fallback: 10 }),
  drift: {
    takesSlug: false,
    run: async () => {
      const found = await asAdministrator(environment, async (admin) => {
        await admin.query(`set role ${roles.migrator}`);
        return await findDrift(admin);
      });
      const lines = found.map(({ schema, slug, missing, unexpected }) =>
        [
          `${schema} (${slug ?? 'no tenant'})`,
          ...missing.map((line) => `  - ${line}`),
          ...unexpected.map((line) => `  + ${line}`),
        ].join('\n'),
      );
      const text = found.length === 0 ? 'every schema is as the migrations make it' : lines.join('\n');
      return { data: found, text, failed: found.length > 0 };
    },
  },
});
