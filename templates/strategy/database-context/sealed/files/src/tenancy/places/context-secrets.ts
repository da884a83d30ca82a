import { createHash } from 'node:crypto';
import type pg from 'pg';
import { asMigrator } from './ledger.ts';

interface StoredKey {
  readonly id: string;
  readonly inner_pad: Buffer;
  readonly outer_pad: Buffer;
}

/** What a tenant's database has to know to believe a context, as the control plane knows it. */
export interface ContextCopy {
  /** A hash of it. */
  readonly version: string;
  /** Makes a database know that and nothing else, on a connection of the administrator's to it. */
  readonly applyTo: (there: pg.Client) => Promise<void>;
  /** True for a key that whoever reads the database knows. */
  readonly tells: (key: Buffer) => boolean;
}

/** The keys that seal contexts, on a connection of the administrator's to the control plane. */
export async function readContextSecrets(controlPlane: pg.Client): Promise<ContextCopy> {
  const { rows: keys } = await asMigrator(controlPlane, () =>
    controlPlane.query<StoredKey>('select id, inner_pad, outer_pad from platform.seal_keys order by id'),
  );
  const hash = createHash('sha256');
  for (const { id, inner_pad, outer_pad } of keys) hash.update(id).update(inner_pad).update(outer_pad);
  return {
    version: hash.digest('hex'),
    tells: (key) => keys.some(({ inner_pad }) => padded(key).equals(inner_pad.map((byte) => byte ^ 0x36))),
    applyTo: async (there) => {
      await asMigrator(there, async () => {
        await there.query('delete from platform.seal_keys where id <> all($1)', [keys.map(({ id }) => id)]);
        for (const { id, inner_pad, outer_pad } of keys) {
          await there.query(
            `insert into platform.seal_keys (id, inner_pad, outer_pad) values ($1, $2, $3)
            on conflict (id) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad`,
            [id, inner_pad, outer_pad],
          );
        }
      });
    },
  };
}

/** As HMAC pads a key (RFC 2104). */
const padded = (key: Buffer): Buffer => Buffer.concat([key, Buffer.alloc(64 - key.length)]);
