/**
 * The schema of a tenant's tables, and the role that runs its statements there, which owns nothing. The name says
 * nothing of whose it is, because the catalog shows it to every tenant.
 */
export function schemaOf(tenantId: string): string {
  return `t_${tenantId.replaceAll('-', '')}`;
}

/** Whose a schema is, by its name. */
export function tenantOf(schema: string): string {
  return schema.slice(2).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** As the migrations make the tables, for nobody: what every tenant's are compared with. */
export const templateSchema = 'template';

/** What names of tenants' schemas look like, for PostgreSQL and for JavaScript alike. */
export const schemaPattern = '^t_[0-9a-f]{32}$';
