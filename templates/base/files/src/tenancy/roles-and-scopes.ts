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

/** No scopes means that nothing is narrowed. */
export function allows(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.length === 0 || scopes.includes(scope);
}
