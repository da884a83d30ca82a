/** Roles of a tenant's members and keys, from least to most; each may do what those before it may. */
export const memberRoles = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof memberRoles)[number];

/** What an API key may be narrowed to. */
export const keyScopes = ['read', 'write', 'manage'] as const;
export type Scope = (typeof keyScopes)[number];

export const rank = (role: Role): number => memberRoles.indexOf(role);

export function lowerRole(a: Role, b: Role): Role {
  return rank(a) <= rank(b) ? a : b;
}

/** What two credentials allow together; undefined when that is nothing, since an empty list would allow everything. */
export function commonScopes(a: readonly Scope[], b: readonly Scope[]): readonly Scope[] | undefined {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const common = a.filter((scope) => b.includes(scope));
  return common.length === 0 ? undefined : common;
}

/** No scopes means that nothing is narrowed. */
export function allows(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.length === 0 || scopes.includes(scope);
}
