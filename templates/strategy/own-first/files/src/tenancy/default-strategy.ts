/** What new tenants get. */
export const defaultStrategy = 'database-per-tenant';
