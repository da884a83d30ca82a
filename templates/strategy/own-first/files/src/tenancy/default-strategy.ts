/** What new tenants get. */
export const defaultStrategy: 'shared-schema' | 'database-per-tenant' = 'database-per-tenant';
