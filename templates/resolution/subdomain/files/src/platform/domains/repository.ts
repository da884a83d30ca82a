import { randomBytes } from 'node:crypto';
import { type Generated, type GeneratedAlways, sql } from 'kysely';
import { type Page, selectPage } from '../../http/pagination.ts';
import { newId } from '../../ids.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { DomainQuery, NewDomain } from './schema.ts';

export interface DomainsTable {
  /** Added to every insert by the database layer. */
  readonly tenant_id: GeneratedAlways<string>;
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly verified_at: Generated<Date | null>;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  readonly version: Generated<number>;
}

export interface Domain {
  readonly id: string;
  readonly name: string;
  /** What its TXT record has to hold. */
  readonly token: string;
  readonly verifiedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

const columns = [
  'id',
  'name',
  'token',
  'verified_at as verifiedAt',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'version',
] as const;

const sorts = { createdAt: { column: 'created_at', type: 'time' } } as const;

export function selectDomains(connection: TenantConnection, page: DomainQuery): Promise<Page<Domain>> {
  return selectPage(connection.selectFrom('domains').select(columns), page, sorts);
}

export function findDomain(connection: TenantConnection, id: string): Promise<Domain | undefined> {
  return connection.selectFrom('domains').select(columns).where('id', '=', id).executeTakeFirst();
}

export function insertDomain(connection: TenantConnection, { name }: NewDomain): Promise<Domain> {
  return connection
    .insertInto('domains')
    .values({ id: newId(), name, token: randomBytes(24).toString('base64url') })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none, or none in one of the versions. */
export function markVerified(
  connection: TenantConnection,
  id: string,
  versions: readonly number[] | undefined,
): Promise<Domain | undefined> {
  return connection
    .updateTable('domains')
    .set({ verified_at: sql<Date>`now()`, version: sql<number>`version + 1`, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}

/** The name of what was deleted; undefined as above. */
export async function deleteDomain(
  connection: TenantConnection,
  id: string,
  versions: readonly number[] | undefined,
): Promise<string | undefined> {
  const deleted = await connection
    .deleteFrom('domains')
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning('name')
    .executeTakeFirst();
  return deleted?.name;
}
