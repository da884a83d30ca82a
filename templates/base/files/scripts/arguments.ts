import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Wrong use of a script; the message says what was wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const wrongUsage = 2;

/**
 * Does a script's work with what its arguments say, and returns its exit code. Whoever asks how it is called is told so;
 * so is who calls it wrongly, with exit code 2.
 */
export async function runScript<T>(
  usage: string,
  parse: (given: string[]) => T,
  work: (options: T) => Promise<number>,
): Promise<number> {
  const given = scriptArguments();
  if (given.some((each) => each === '--help' || each === '-h')) {
    console.log(usage);
    return 0;
  }
  let options: T;
  try {
    options = parse(given);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return wrongUsage;
  }
  return await work(options);
}

/** For a script that takes nothing. */
export function parseNothing(given: string[]): void {
  parseArgs({ args: given, options: {} });
}

/** Throws where no file can be written, before the work whose end it would be. `option` is what named it. */
export function assertWritable(option: string, path: string): void {
  if (path === '') throw new UsageError(`${option} takes a file.`);
  const isFolder = (each: string) => existsSync(each) && statSync(each).isDirectory();
  if (isFolder(path)) throw new UsageError(`${option} takes a file, and ${path} is a folder.`);
  if (!isFolder(dirname(resolve(path))))
    throw new UsageError(`${option} takes a file in a folder that is there, not ${path}.`);
}

/** What a script was called with. `npm run` takes the `--` before it away, other package managers hand it on. */
function scriptArguments(): string[] {
  const [first, ...rest] = process.argv.slice(2);
  return first === '--' ? rest : first === undefined ? [] : [first, ...rest];
}

function isUsageError(error: unknown): error is Error {
  const { code = '' } = error as { readonly code?: string };
  return error instanceof UsageError || (error instanceof Error && code.startsWith('ERR_PARSE_ARGS'));
}
