import { roles } from './roles.ts';

/** The schema of a tenant's tables: one for all of them. */
export function schemaOf(_tenantId: string): string {
  return templateSchema;
}

/** The role that runs a tenant's statements. */
export function roleOf(_tenantId: string): string {
  return roles.runtime;
}

/** Where the migrations make the tenants' tables. */
export const templateSchema = 'app';
