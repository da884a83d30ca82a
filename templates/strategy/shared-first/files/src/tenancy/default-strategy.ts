/** What new tenants get. */
export const defaultStrategy = 'shared-schema';
