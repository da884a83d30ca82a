import type pg from 'pg';
import type { Database } from '../database.ts';
import { TenancyError } from '../errors.ts';
import type { SecretKey } from '../secret-keys.ts';
import { type Holder, openPassword, sealPassword } from './credentials.ts';

/** A key by its id, and a known text that it sealed. */
interface Proof {
  readonly id: string;
  readonly proof: string;
}

const text = 'select id, proof from platform.sealing_keys';

/** No login of any tenant's. */
const nobody: Holder = { tenantId: '00000000-0000-0000-0000-000000000000', login: 'sealing_keys' };

/** Refuses an application whose keys do not open what the passwords of tenants' logins are sealed with now. */
export async function assertKeysFit(controlPlane: Database, keys: readonly SecretKey[]): Promise<void> {
  const { rows } = await controlPlane.lookup<Proof>({ text }).catch((error: unknown) => {
    // Before the migration that makes the table; an application that lacks migrations is not ready, and says so.
    if ((error as { readonly code?: unknown }).code === '42P01') return { rows: [] };
    throw error;
  });
  for (const proof of rows) tryKeys(proof, keys);
}

/** Notes the first key as one that seals, and refuses others than those that are noted; as the migrator. */
export async function noteKeys(client: pg.ClientBase, keys: readonly SecretKey[]): Promise<void> {
  const { rows } = await client.query<Proof>(text);
  for (const proof of rows) tryKeys(proof, keys);
  const [first] = keys;
  if (first === undefined || rows.some(({ id }) => id === first.id)) return;
  await client.query('insert into platform.sealing_keys (id, proof) values ($1, $2) on conflict do nothing', [
    first.id,
    sealPassword(keys, nobody, first.id),
  ]);
}

/** Forgets all keys but the first, and notes that one; as the migrator, when it has sealed every password. */
export async function noteOnlyKey(client: pg.ClientBase, keys: readonly SecretKey[]): Promise<void> {
  await client.query('delete from platform.sealing_keys');
  await noteKeys(client, keys);
}

function tryKeys({ id, proof }: Proof, keys: readonly SecretKey[]): void {
  if (!keys.some((key) => key.id === id)) {
    throw new TenancyError(
      'context-secrets',
      `The passwords of tenants' logins are sealed with the key "${id}", which TENANT_DATABASE_KEYS does not have. Next: add it, first or behind the first.`,
    );
  }
  try {
    openPassword(keys, nobody, proof);
  } catch (error) {
    throw new TenancyError(
      'context-secrets',
      `TENANT_DATABASE_KEYS has another key "${id}" than the one that the passwords of tenants' logins are sealed with. Next: put that one back; give a new key an id of its own.`,
      { cause: error },
    );
  }
}
