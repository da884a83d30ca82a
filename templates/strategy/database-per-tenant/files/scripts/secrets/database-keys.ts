import { randomBytes } from 'node:crypto';

/** A key that seals tenants' passwords, for development; production refuses an id that starts with `dev`. */
export async function developmentSecrets(): Promise<Record<string, string>> {
  return { TENANT_DATABASE_KEYS: `dev1:${randomBytes(32).toString('hex')}` };
}
