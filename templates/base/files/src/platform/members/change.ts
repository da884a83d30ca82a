import { changeProblem } from '../../http/etag.ts';
import { notFound, Problem } from '../../http/problem.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { Resolution } from '../../tenancy/resolve.ts';
import { rank, type Role } from '../../tenancy/roles-and-scopes.ts';
import { lockMemberAndOwners, type Member } from './repository.ts';

/** Nobody gives a role above their own, and nobody touches who has one. */
export function assertMayGrant(own: Role, ...roles: readonly Role[]): void {
  if (roles.some((role) => rank(role) > rank(own))) throw new Problem(403, 'Nobody changes a role above their own.');
}

/**
 * The member that is about to get another role, or none; refuses when the tenant would be left without an owner. Inside
 * a transaction.
 */
export async function memberToChange(
  connection: TenantConnection,
  change: {
    readonly id: string;
    readonly by: Role;
    readonly to?: Role;
    readonly versions: readonly number[] | undefined;
  },
): Promise<Member> {
  const locked = await lockMemberAndOwners(connection, change.id);
  const member = locked.find(({ id }) => id === change.id);
  if (member === undefined) throw notFound();
  assertMayGrant(change.by, member.role, change.to ?? 'viewer');
  if (change.versions !== undefined && !change.versions.includes(member.version)) throw changeProblem(member);
  const staysOwner = change.to === 'owner';
  const otherOwner = locked.some(({ id, role }) => role === 'owner' && id !== change.id);
  if (member.role === 'owner' && !staysOwner && !otherOwner)
    throw new Problem(409, 'A tenant keeps at least one owner.');
  return member;
}

/** The change counts at once in this process; in others within CREDENTIAL_CACHE_SECONDS. */
export function forgetMember({ members }: Resolution, tenant: string, subject: string): void {
  members.forget((known) => known.tenant === tenant && known.subject === subject);
}
