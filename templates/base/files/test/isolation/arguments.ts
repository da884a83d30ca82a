import { parseArgs } from 'node:util';
import { assertWritable, UsageError } from '../../scripts/arguments.ts';
import { isDatabaseUrl } from '../../scripts/environment.ts';
import type { Mode } from './finding.ts';

/** What `npm run isolation` was asked to do. */
export interface Arguments {
  readonly mode: Mode;
  readonly mutations: 'none' | 'policies' | 'all';
  /** The administrator's URL of a server to attack instead of the suite's own. */
  readonly against?: string;
  readonly runtimeUrl?: string;
  readonly json?: string;
  readonly junit?: string;
  readonly html?: string;
}

export const usage = `usage: npm run isolation -- [options]

  --quick                    every attack on the database, 2,000 requests (the default)
  --full                     the same with 10,000 requests, and plans at 100,000 rows
  --mutations [policies]     then break one defence at a time, and demand to notice; only those of policies
  --against [admin url]      attack this database, or DATABASE_ADMIN_URL, in transactions that roll back
  --runtime-url [url]        how the runtime role logs in there; else DATABASE_URL
  --json <file>  --junit <file>  --html <file>`;

const options = {
  quick: { type: 'boolean' },
  full: { type: 'boolean' },
  mutations: { type: 'string' },
  against: { type: 'string' },
  'runtime-url': { type: 'string' },
  json: { type: 'string' },
  junit: { type: 'string' },
  html: { type: 'string' },
} as const;

/** Options that may stand alone, and the variables that are meant then: a URL on the command line is seen by who lists processes. */
const variables = { '--against': 'DATABASE_ADMIN_URL', '--runtime-url': 'DATABASE_URL' } as const;

/** Reads the command line; throws for anything it does not know. */
export function parseArguments(
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Arguments {
  const complete = withValues(given, environment);
  const {
    quick,
    full,
    mutations,
    'runtime-url': runtimeUrl,
    against,
    ...files
  } = parseArgs({ args: complete, options }).values;
  if (quick && full) throw new UsageError('--quick and --full exclude each other.');
  if (mutations !== undefined && mutations !== 'all' && mutations !== 'policies') {
    throw new UsageError(`--mutations takes nothing or "policies", not "${mutations}".`);
  }
  if (runtimeUrl !== undefined && against === undefined) throw new UsageError('--runtime-url needs --against.');
  for (const [name, url] of [
    ['--against', against],
    ['--runtime-url', runtimeUrl],
  ] as const) {
    if (url !== undefined && !isDatabaseUrl(url))
      throw new UsageError(`${name} takes a URL like postgres://user:password@host/database, or ${variables[name]}.`);
  }
  for (const [name, path] of Object.entries(files)) {
    assertWritable(`--${name}`, path);
  }
  return {
    mode: full ? 'full' : 'quick',
    mutations: mutations ?? 'none',
    ...(against !== undefined && { against }),
    ...(runtimeUrl !== undefined && { runtimeUrl }),
    ...files,
  };
}

/** Options that stand alone get the value that they mean: parseArgs knows no optional values. */
function withValues(given: readonly string[], environment: Readonly<Record<string, string | undefined>>): string[] {
  return given.map((argument, index) => {
    const next = given[index + 1];
    if (next !== undefined && !next.startsWith('-')) return argument;
    if (argument === '--mutations') return '--mutations=all';
    if (argument !== '--against' && argument !== '--runtime-url') return argument;
    const url = environment[variables[argument]] ?? '';
    if (url === '') throw new UsageError(`${argument} without a URL takes ${variables[argument]}, which is not set.`);
    return `${argument}=${url}`;
  });
}
