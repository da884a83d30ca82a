/** Roles that only this strategy has: none. */
export const strategyRoles = {} as const;
