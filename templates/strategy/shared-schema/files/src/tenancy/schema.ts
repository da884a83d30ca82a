/** The schema of a tenant's tables: one for all of them. */
export function schemaOf(_tenantId: string): string {
  return templateSchema;
}

/** Where the migrations make the tenants' tables. */
export const templateSchema = 'app';
