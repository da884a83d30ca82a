import { createHmac } from 'node:crypto';
import { BoundedCache } from './bounded-cache.ts';
import type { TenantId } from './context.ts';
import { TenancyError } from './errors.ts';
import { parseSecretKeys, type SecretKey } from './secret-keys.ts';

/** 32 to 64 bytes. */
export type SealKey = SecretKey;

/** Seconds that a seal is genuine. It is renewed at half of that. */
export const sealLifetime = 300;

/** Some 300 bytes each; making one anew takes several times as long as finding it. */
const mostRemembered = 100_000;

/** Reads TENANT_SEAL_KEYS: `id:hex,...`. */
export function parseSealKeys(text: string): SealKey[] {
  return parseSecretKeys('TENANT_SEAL_KEYS', text, { least: 32, most: 64 });
}

/** `key.tenant.expiry.signature`, as app.tenant_id() verifies it. `expiry` in unix seconds. */
export function seal(key: SealKey, tenant: TenantId, expiry: number): string {
  const claim = `${key.id}.${tenant}.${expiry}`;
  return `${claim}.${createHmac('sha256', key.key).update(claim).digest('hex')}`;
}

/**
 * Seals tenants with the first key. Seals are remembered until half of their life is over. `now` is the database's
 * clock in milliseconds.
 */
export function createSealer(keys: readonly SealKey[]): (tenant: TenantId, now: number) => string {
  const [key] = keys;
  if (key === undefined)
    throw new TenancyError('context-secrets', 'TENANT_SEAL_KEYS is empty. Next: make a key with openssl rand -hex 32.');
  const renewal = (sealLifetime * 1000) / 2;
  const remembered = new BoundedCache<{ readonly sealed: string; readonly made: number }>({
    lifetime: renewal,
    capacity: mostRemembered,
  });
  return (tenant, now) => {
    const known = remembered.get(tenant);
    // Younger than nothing: the clock was set back.
    if (known !== undefined && now >= known.made && now - known.made < renewal) return known.sealed;
    const sealed = seal(key, tenant, Math.floor(now / 1000) + sealLifetime);
    remembered.set(tenant, { sealed, made: now });
    return sealed;
  };
}
