/** The schema of a tenant's tables: one for all of them. */
export function schemaOf(_tenantId: string): string {
  return 'app';
}
