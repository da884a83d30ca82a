import { type Generated, type GeneratedAlways, sql } from 'kysely';
import { type Page, selectPage } from '../../http/pagination.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { Role, Scope } from '../../tenancy/roles-and-scopes.ts';
import type { KeyIdentity } from './key.ts';
import type { ApiKeyQuery, NewApiKey } from './schema.ts';

export interface ApiKeysTable {
  /** Added to every insert by the database layer. */
  readonly tenant_id: GeneratedAlways<string>;
  readonly id: string;
  readonly name: string;
  readonly secret_hash: Buffer;
  readonly role: Role;
  readonly scopes: Scope[];
  readonly issued_by: Generated<string[]>;
  readonly expires_at: Date | string | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  readonly version: Generated<number>;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: Scope[];
  readonly issuedBy: string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

/** Everything but the hash of the secret. */
const columns = [
  'id',
  'name',
  'role',
  'scopes',
  'issued_by as issuedBy',
  sql<Date | null>`expires_at`.as('expiresAt'),
  'revoked_at as revokedAt',
  'last_used_at as lastUsedAt',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'version',
] as const;

const sorts = { createdAt: { column: 'created_at', type: 'time' } } as const;

const changed = { version: sql<number>`version + 1`, updated_at: sql<Date>`now()` };

export function selectApiKeys(connection: TenantConnection, page: ApiKeyQuery): Promise<Page<ApiKey>> {
  return selectPage(connection.selectFrom('api_keys').select(columns), page, sorts);
}

export function findApiKey(connection: TenantConnection, id: string): Promise<ApiKey | undefined> {
  return connection.selectFrom('api_keys').select(columns).where('id', '=', id).executeTakeFirst();
}

export function insertApiKey(
  connection: TenantConnection,
  { id, secretHash }: KeyIdentity,
  { name, role, scopes, expiresAt, issuedBy }: NewApiKey & Pick<ApiKey, 'issuedBy'>,
): Promise<ApiKey> {
  return connection
    .insertInto('api_keys')
    .values({ id, secret_hash: secretHash, name, role, scopes, issued_by: issuedBy, expires_at: expiresAt })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none, or none in one of the versions. */
export function renameApiKey(
  connection: TenantConnection,
  id: string,
  name: string,
  versions: readonly number[] | undefined,
): Promise<ApiKey | undefined> {
  return connection
    .updateTable('api_keys')
    .set({ name, ...changed })
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}

/** Undefined when there is none that is not revoked, or none in one of the versions. */
export function replaceSecret(
  connection: TenantConnection,
  { id, secretHash }: KeyIdentity,
  versions: readonly number[] | undefined,
): Promise<ApiKey | undefined> {
  return connection
    .updateTable('api_keys')
    .set({ secret_hash: secretHash, ...changed })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}

/** A key that is revoked stays in the list, and stays revoked. Undefined as above. */
export function revokeApiKey(
  connection: TenantConnection,
  id: string,
  versions: readonly number[] | undefined,
): Promise<ApiKey | undefined> {
  return connection
    .updateTable('api_keys')
    .set({ revoked_at: sql`coalesce(revoked_at, now())`, ...changed })
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}
