import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { keepReady, prepareMany } from '../../src/tenancy/places/ready.ts';
import { roles } from '../../src/tenancy/roles.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';

/** What only tenants with schemas of their own need. */
export const strategyUsage = `
  prepare [--ready <n>] [--watch]                     schemas for tenants to come, until n (READY_PLACES, else 10) are
                                                      ready; with --watch whenever one was taken, until Ctrl-C
  drift                                               where a schema is not as the migrations make it`;

export const strategyCommands = (environment: Environment): Commands => ({
  prepare: {
    takesSlug: false,
    run: async (_, { ready = readyPlaces(environment) ?? 10, watch }) => {
      if (watch) return await watchReady(environment, ready);
      const made = await prepareMany(environment, ready);
      return { data: { made, ready }, text: `${made} schemas made, ${ready} are ready` };
    },
  },
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

/** After a tenant has taken a schema: makes another one, where READY_PLACES and an administrator are set. */
export async function afterCreate(environment: Environment): Promise<void> {
  try {
    const wanted = readyPlaces(environment);
    if (wanted !== undefined && (environment.DATABASE_ADMIN_URL ?? '') !== '') await prepareMany(environment, wanted);
  } catch (error) {
    console.error(`The tenant is there; no schema was made for the next one: ${(error as Error).message}`);
  }
}

function readyPlaces({ READY_PLACES: text = '' }: Environment): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,4}$/.test(text)) throw new Error('READY_PLACES is a whole number of at most four digits.');
  return Number(text);
}

/** Runs until it is told to end, and finishes what it is making. */
async function watchReady(environment: Environment, ready: number) {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  let made = 0;
  console.error(`keeping ${ready} schemas ready`);
  await keepReady(environment, ready, {
    signal: ending.signal,
    onMade: (more) => {
      made += more;
      console.error(`${more} schemas made`);
    },
    onProblem: ({ message }) => console.error(`The database does not answer as it should: ${message}`),
  });
  return { data: { made, ready }, text: `${made} schemas made` };
}
