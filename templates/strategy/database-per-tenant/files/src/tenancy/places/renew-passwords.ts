import type pg from 'pg';
import type { Environment } from '../strategy.ts';
import { databaseKeysOf, isSealedWithFirst, openPassword, sealPassword } from './credentials.ts';
import { asMigrator } from './ledger.ts';
import type { Place } from './place.ts';

/** Seals with the first key what another one sealed, so that a key is retired by leaving it out. Nothing without keys. */
export async function renewPasswords(client: pg.Client, environment: Environment): Promise<string[]> {
  if ((environment.TENANT_DATABASE_KEYS ?? '') === '') return [];
  const keys = databaseKeysOf(environment);
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
    return old.length === 0 ? [] : [`passwords of ${old.length} databases sealed with ${keys[0]?.id}`];
  });
}
