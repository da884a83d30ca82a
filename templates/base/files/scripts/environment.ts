import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export const root = join(import.meta.dirname, '..');
export const dataDirectory = join(root, '.data');
export const developmentFile = join(dataDirectory, 'development.env');

/**
 * What is set in the environment wins, then .env. What `npm run dev` wrote for its own PostgreSQL counts only when neither names a database: another database must not be
 * given a development server's secrets.
 */
export function loadEnvironment(): Record<string, string | undefined> {
  const given = { ...readEnvironmentFile(join(root, '.env')), ...process.env };
  const namesDatabase = ['DATABASE_URL', 'DATABASE_PLATFORM_URL', 'DATABASE_ADMIN_URL'].some((name) => given[name]);
  return namesDatabase ? given : { ...readEnvironmentFile(developmentFile), ...given };
}

/** The variables of a file; none when there is no such file. */
export function readEnvironmentFile(path: string): Record<string, string | undefined> {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
