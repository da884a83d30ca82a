import { schemaOf } from './schema.ts';

/** A tenant's table as SQL names it, whatever the search path says. Kysely's tables need none of this. */
export function tenantTable(tenantId: string, name: string): string {
  return `${schemaOf(tenantId)}.${name}`;
}
