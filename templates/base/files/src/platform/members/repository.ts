import { type Generated, type GeneratedAlways, sql } from 'kysely';
import { type Page, selectPage } from '../../http/pagination.ts';
import { newId } from '../../ids.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { Role } from '../../tenancy/roles-and-scopes.ts';
import type { MemberQuery, NewMember } from './schema.ts';

export interface MembersTable {
  /** Added to every insert by the database layer. */
  readonly tenant_id: GeneratedAlways<string>;
  readonly id: string;
  readonly subject: string;
  readonly email: string | null;
  readonly role: Role;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  readonly version: Generated<number>;
}

export interface Member {
  readonly id: string;
  readonly subject: string;
  readonly email: string | null;
  readonly role: Role;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

const columns = [
  'id',
  'subject',
  'email',
  'role',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'version',
] as const;

const sorts = { createdAt: { column: 'created_at', type: 'time' } } as const;

export function selectMembers(connection: TenantConnection, page: MemberQuery): Promise<Page<Member>> {
  return selectPage(connection.selectFrom('members').select(columns), page, sorts);
}

export function findMember(connection: TenantConnection, id: string): Promise<Member | undefined> {
  return connection.selectFrom('members').select(columns).where('id', '=', id).executeTakeFirst();
}

export function insertMember(connection: TenantConnection, values: NewMember): Promise<Member> {
  return connection
    .insertInto('members')
    .values({ id: newId(), ...values })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/**
 * A member and every owner, locked: two requests cannot change one version of a member, nor each remove the other's
 * last owner.
 */
export function lockMemberAndOwners(connection: TenantConnection, id: string): Promise<Member[]> {
  return connection
    .selectFrom('members')
    .select(columns)
    .where((member) => member.or([member('role', '=', 'owner'), member('id', '=', id)]))
    .orderBy('id')
    .forUpdate()
    .execute();
}

export function updateMemberRole(connection: TenantConnection, id: string, role: Role): Promise<Member | undefined> {
  return connection
    .updateTable('members')
    .set({ role, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
}

export async function deleteMember(connection: TenantConnection, id: string): Promise<void> {
  await connection.deleteFrom('members').where('id', '=', id).execute();
}
