import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export const root = join(import.meta.dirname, '..');
export const dataDirectory = join(root, '.data');
export const developmentFile = join(dataDirectory, 'development.env');
const ownFile = join(root, '.env');

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a command: of this process, of .env, of a running `npm run dev`. */
export function loadEnvironment(): Environment {
  return chooseEnvironment(process.env, readEnvironmentFile(ownFile), readEnvironmentFile(developmentFile));
}

/**
 * What is set in the environment wins, then .env. When neither names a database, the one of `npm run dev` is meant, and
 * what that wrote comes before .env: a database is used with its own secrets.
 */
export function chooseEnvironment(own: Environment, file: Environment, development: Environment): Environment {
  const given = { ...file, ...own };
  return namesDatabase(given) ? given : { ...file, ...development, ...own };
}

const namesDatabase = (given: Environment): boolean =>
  ['DATABASE_URL', 'DATABASE_PLATFORM_URL', 'DATABASE_ADMIN_URL'].some((name) => given[name]);

/** What to say besides when a database does not answer: that nothing named one, so that it was the one of `npm run dev`. */
export function whoseDatabase(
  own: Environment = process.env,
  file: Environment = readEnvironmentFile(ownFile),
): string {
  return namesDatabase({ ...file, ...own })
    ? ''
    : ' Nothing names one, so that of npm run dev is meant: start it beside this.';
}

/** True for what names a database of PostgreSQL. */
export const isDatabaseUrl = (text: string): boolean =>
  /^postgres(ql)?:\/\/(?!.*%(?![\da-f]{2}))/i.test(text) && URL.canParse(text);

/** Which of these variables is set and names no database, in a sentence; undefined when none is. */
export function databaseUrlProblem(environment: Environment, names: readonly string[]): string | undefined {
  const wrong = names.find((name) => (environment[name] ?? '') !== '' && !isDatabaseUrl(environment[name] ?? ''));
  return (
    wrong &&
    `${wrong} is no URL like postgres://user:password@host/database. Next: set it to one, with what is special in a password percent-encoded.`
  );
}

/** The variables of a file; none when there is no such file. */
export function readEnvironmentFile(path: string): Environment {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
