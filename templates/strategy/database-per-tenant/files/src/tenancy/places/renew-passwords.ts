import type pg from 'pg';
import { counted } from '../../counted.ts';
import type { Environment } from '../strategy.ts';
import { TenancyError } from '../errors.ts';
import type { ContextCopy } from './context-secrets.ts';
import { databaseKeysOf, isSealedWithFirst, openPassword, sealPassword } from './credentials.ts';
import { asMigrator } from './ledger.ts';
import type { Place } from './place.ts';
import { noteOnlyKey } from './sealing-keys.ts';

/**
 * Seals with the first key what another one sealed, so that a key is retired by leaving it out. Nothing without keys.
 * Refuses one that is in the database itself, beside what it seals.
 */
export async function renewPasswords(
  client: pg.Client,
  environment: Environment,
  { tells }: Pick<ContextCopy, 'tells'>,
): Promise<string[]> {
  if ((environment.TENANT_DATABASE_KEYS ?? '') === '') return [];
  const keys = databaseKeysOf(environment);
  for (const { id, key } of keys) {
    if (tells(key))
      throw new TenancyError(
        'context-secrets',
        `The key "${id}" of TENANT_DATABASE_KEYS is in the database, too, beside the passwords that it seals. Next: make another one with openssl rand -hex 32.`,
      );
  }
  return await asMigrator(client, async () => {
    const { rows } = await client.query<Pick<Place, 'tenantId' | 'login' | 'sealedPassword'>>(
      `select tenant_id as "tenantId", login, sealed_password as "sealedPassword" from platform.places for update`,
    );
    const old = rows.filter(({ sealedPassword }) => !isSealedWithFirst(keys, sealedPassword));
    for (const place of old) {
      const password = openPassword(keys, place, place.sealedPassword);
      await client.query('update platform.places set sealed_password = $2 where tenant_id = $1', [
        place.tenantId,
        sealPassword(keys, place, password),
      ]);
    }
    // One that this key did not seal would not open, and nor would the others.
    const same = rows.find(({ sealedPassword }) => isSealedWithFirst(keys, sealedPassword));
    if (same !== undefined) openPassword(keys, same, same.sealedPassword);
    await noteOnlyKey(client, keys);
    return old.length === 0 ? [] : [`passwords of ${counted(old.length, 'database')} sealed with ${keys[0]?.id}`];
  });
}
