import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { projectName, roles } from '../src/tenancy/roles.ts';
import { developmentSecrets } from './development-secrets.ts';
import { dataDirectory, developmentFile } from './environment.ts';

/**
 * The variables for a development database, kept in .data/development.env so that other scripts and the next start find
 * them: its URLs follow the server's port, its secrets stay. Readable by its owner alone.
 */
export async function developmentEnvironment(adminUrl: string): Promise<Record<string, string>> {
  const before = existsSync(developmentFile)
    ? (parseEnv(readFileSync(developmentFile, 'utf8')) as Record<string, string>)
    : {};
  const login = (role: string, known: string | undefined): string => {
    const password = known === undefined ? randomBytes(24).toString('hex') : new URL(known).password;
    return Object.assign(new URL(adminUrl), { username: role, password }).href;
  };
  const environment = {
    ...(await developmentSecrets(projectName)),
    ...before,
    DATABASE_ADMIN_URL: adminUrl,
    DATABASE_URL: login(roles.runtime, before['DATABASE_URL']),
    DATABASE_PLATFORM_URL: login(roles.platform, before['DATABASE_PLATFORM_URL']),
  };
  mkdirSync(dataDirectory, { recursive: true });
  const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(developmentFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  return environment;
}
