/** The schema of a tenant's tables: the same in every database. */
export function schemaOf(_tenantId: string): string {
  return templateSchema;
}

/** Where the migrations make the tenants' tables. */
export const templateSchema = 'app';

/** What names of tenants' databases and logins look like, for PostgreSQL and for JavaScript alike. */
export const placePattern = '^t_[0-9a-f]{32}$';
