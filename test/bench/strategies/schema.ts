/** As the application calls the schema and the role of a tenant. */
export const schemaOf = (tenantId: string): string => `t_${tenantId.replaceAll('-', '')}`;
