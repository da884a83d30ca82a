import { randomBytes } from 'node:crypto';

/** A seal key for development; production refuses an id that starts with `dev`. */
export async function developmentSecrets(): Promise<Record<string, string>> {
  return { TENANT_SEAL_KEYS: `dev1:${randomBytes(32).toString('hex')}` };
}
