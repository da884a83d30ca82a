import { counted } from '../../src/counted.ts';
import { keepReady, prepareMany } from '../../src/tenancy/places/ready.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';

/** `prepare`: makes places for tenants to come; `thing` is what one is called. */
export const prepareCommand = (
  environment: Environment,
  { thing, fallback }: { readonly thing: string; readonly fallback: number },
): Commands[string] => ({
  takesSlug: false,
  options: ['ready', 'watch'],
  run: async (_, { ready = readyPlaces(environment) ?? fallback, watch }) => {
    if (watch) return await watchReady(environment, ready, thing);
    const made = await prepareMany(environment, ready);
    return { data: { made, ready }, text: `${counted(made, thing)} made, ${ready} or more are ready` };
  },
});

/** After a tenant has taken a place: makes another one, where READY_PLACES and an administrator are set. */
export async function afterCreate(environment: Environment): Promise<void> {
  try {
    const wanted = readyPlaces(environment);
    if (wanted !== undefined && (environment.DATABASE_ADMIN_URL ?? '') !== '') await prepareMany(environment, wanted);
  } catch (error) {
    console.error(`The tenant is there; nothing was made for the next one: ${(error as Error).message}`);
  }
}

function readyPlaces({ READY_PLACES: text = '' }: Environment): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,4}$/.test(text)) throw new Error('READY_PLACES is a whole number of at most four digits.');
  return Number(text);
}

/** Runs until it is told to end, and finishes what it is making. */
async function watchReady(environment: Environment, ready: number, thing: string) {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  let made = 0;
  console.error(`keeping ${counted(ready, thing)} ready`);
  await keepReady(environment, ready, {
    signal: ending.signal,
    onMade: (more) => {
      made += more;
      console.error(`${counted(more, thing)} made`);
    },
    onProblem: ({ message }) => console.error(`The database does not answer as it should: ${message}`),
  });
  return { data: { made, ready }, text: `${counted(made, thing)} made` };
}
