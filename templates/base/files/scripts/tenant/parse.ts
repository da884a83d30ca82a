import { parseArgs } from 'node:util';
import { UsageError } from '../arguments.ts';
import type { Arguments, Command, Commands } from './command.ts';

const options = {
  name: { type: 'string' },
  owner: { type: 'string' },
  'grace-days': { type: 'string' },
  'requests-per-minute': { type: 'string' },
  'concurrent-requests': { type: 'string' },
  'body-bytes': { type: 'string' },
  to: { type: 'string' },
  confirm: { type: 'boolean' },
  undo: { type: 'boolean' },
  ready: { type: 'string' },
  watch: { type: 'boolean' },
} as const;

/** An option of some commands. */
export type OptionName = keyof typeof options;

/** Options that give a tenant a limit of its own, and what each is called in the program. */
export const limitNames = {
  'requests-per-minute': 'requestsPerMinute',
  'concurrent-requests': 'concurrentRequests',
  'body-bytes': 'bodyBytes',
} as const;

export const limitOptions = Object.keys(limitNames) as (keyof typeof limitNames)[];

/** The largest number that an option takes. Limits are integers of PostgreSQL, which have 32 bits. */
const largest = {
  'requests-per-minute': 2 ** 31 - 1,
  'concurrent-requests': 2 ** 31 - 1,
  'body-bytes': 2 ** 31 - 1,
  'grace-days': 3650,
  ready: 9999,
} as const;

/** Which command is meant, and what it was called with; throws a UsageError for what it does not take. */
export function parseCommand(
  commands: Commands,
  given: string[],
): { readonly run: Command['run']; readonly given: Arguments } {
  const { values, positionals } = parseArgs({
    args: given,
    allowPositionals: true,
    options: { ...options, json: { type: 'boolean', default: false } },
  });
  const [name = '', slug = '', ...rest] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'Which command?' : `There is no command "${name}".`);
  const { takesSlug, options: own = [], problem = () => undefined, run } = command;
  if (rest.length > 0 || (takesSlug !== 'or not' && (slug !== '') !== takesSlug)) {
    const count = takesSlug === 'or not' ? 'one slug or none' : takesSlug ? 'one slug' : 'no slug';
    throw new UsageError(`${name} takes ${count}.`);
  }
  const { json, ...chosen } = values;
  const foreign = (Object.keys(chosen) as OptionName[]).find((option) => !own.includes(option));
  if (foreign !== undefined) throw new UsageError(`${name} takes no --${foreign}.`);
  const parsed = { slug, json, ...toArguments(chosen) };
  const wrong = problem(parsed);
  if (wrong !== undefined) throw new UsageError(wrong);
  return { run, given: parsed };
}

type Values = { readonly [Name in OptionName]?: (typeof options)[Name]['type'] extends 'string' ? string : boolean };

function toArguments(values: Values): Omit<Arguments, 'slug' | 'json'> {
  const given = limitOptions.flatMap((option) => {
    const value = values[option];
    return value === undefined
      ? []
      : [[limitNames[option], value === 'default' ? null : parseNumber(option, value)] as const];
  });
  return {
    name: values.name,
    owner: values.owner,
    graceDays: parseNumber('grace-days', values['grace-days'] ?? '30'),
    limits: Object.fromEntries(given),
    to: values.to,
    confirm: values.confirm === true,
    undo: values.undo === true,
    ready: values.ready === undefined ? undefined : parseNumber('ready', values.ready),
    watch: values.watch === true,
  };
}

function parseNumber(option: keyof typeof largest, text: string): number {
  const most = largest[option];
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  const otherwise = Object.hasOwn(limitNames, option) ? ', or "default"' : '';
  throw new UsageError(`--${option} is a whole number from 0 to ${most}${otherwise}.`);
}
