import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export const root = join(import.meta.dirname, '..');
export const dataDirectory = join(root, '.data');
export const developmentFile = join(dataDirectory, 'development.env');

/** What is set in the environment wins, then .env, then what `npm run dev` wrote for its own PostgreSQL. */
export function loadEnvironment(): Record<string, string | undefined> {
  const files = [developmentFile, join(root, '.env')].filter((path) => existsSync(path));
  const layers = files.map((path) => parseEnv(readFileSync(path, 'utf8')) as Record<string, string>);
  return Object.assign({}, ...layers, process.env) as Record<string, string | undefined>;
}
