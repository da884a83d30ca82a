import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { replacePasswords } from '../../src/tenancy/places/replace-passwords.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';
import { prepareCommand } from './ready.ts';

/** What only tenants with databases of their own need. */
export const databaseUsage = `
  prepare [--ready <n>] [--watch]                     databases for tenants to come, until n (READY_PLACES, else 5)
                                                      are ready; with --watch whenever one was taken, until Ctrl-C
  drift                                               where a database is not as the migrations make it
  renew-password [<slug>]                             another password for every tenant's login, or for one`;

export const databaseCommands = (environment: Environment): Commands => ({
  prepare: prepareCommand(environment, { thing: 'database', fallback: 5 }),
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
  'renew-password': {
    takesSlug: 'or not',
    run: async (_, { slug }) => {
      const replaced = await replacePasswords(environment, slug === '' ? undefined : slug);
      return { data: replaced, text: `logins with another password: ${replaced.length}` };
    },
  },
});
