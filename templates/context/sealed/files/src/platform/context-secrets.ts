import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { roles } from '../tenancy/roles.ts';
import { parseSealKeys, type SealKey } from '../tenancy/seal.ts';

/**
 * Makes platform.seal_keys hold exactly the keys of TENANT_SEAL_KEYS, so that a key is retired by leaving it out.
 * Without the variable the keys there stay, and a database that has none gets one that nobody knows: no seal is genuine
 * until real keys arrive.
 */
export async function applyContextSecrets(
  client: pg.Client,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const text = environment.TENANT_SEAL_KEYS ?? '';
  const given = text === '' ? undefined : parseSealKeys(text);
  const keys = given ?? [{ id: 'random', key: randomBytes(32) }];
  await client.query('begin');
  try {
    await client.query(`set local role ${roles.migrator}`);
    const stored = await client.query('select from platform.seal_keys for update');
    if (given === undefined && stored.rowCount !== 0) return [];
    await client.query('delete from platform.seal_keys where id <> all($1)', [keys.map(({ id }) => id)]);
    for (const key of keys) {
      await client.query(
        `insert into platform.seal_keys (id, inner_pad, outer_pad) values ($1, $2, $3)
        on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad`,
        [key.id, ...pads(key)],
      );
    }
    await client.query('commit');
    return [
      given === undefined
        ? 'TENANT_SEAL_KEYS is not set: a random seal key is in the database'
        : `seal keys: ${keys.map(({ id }) => id).join(', ')}`,
    ];
  } finally {
    if (client.getTransactionStatus() !== 'I') await client.query('rollback');
  }
}

/** The key XORed with the pads of HMAC (RFC 2104), block size 64. */
function pads({ key }: SealKey): [inner: Buffer, outer: Buffer] {
  const block = Buffer.alloc(64);
  key.copy(block);
  return [block.map((byte) => byte ^ 0x36) as Buffer, block.map((byte) => byte ^ 0x5c) as Buffer];
}
