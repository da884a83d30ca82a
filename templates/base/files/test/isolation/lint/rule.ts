import type { Threat } from '../threats.ts';

/**
 * One question to the catalog. Each row of its answer is a finding: object, leaked, fix and, where there is a shorter way to see it, reproduce.
 * $1 is the runtime role, $2 the schema of the tenant tables, $3 the other roles of the application.
 */
export interface Rule {
  readonly threat: Threat;
  readonly attack: string;
  readonly sql: string;
}

/** Schemas that are not PostgreSQL's own. */
export const ours = (schema: string): string =>
  `${schema}.nspname <> 'information_schema' and ${schema}.nspname !~ '^pg_'`;

/** A relation with its schema, quoted where needed. */
export const named = (relation: string, schema: string): string =>
  `format('%I.%I', ${schema}.nspname, ${relation}.relname)`;

/** Tables that hold tenants' rows: those in the tenants' schema, and whatever else the runtime role reaches that has a tenant_id. */
export const tenantTable = `
  tenant_table as (
    select c.oid, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, ${named('c', 'n')} as name,
      has_schema_privilege($1, n.oid, 'USAGE') and (has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') or has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE')) as reachable
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and ${ours('n')}
      and (n.nspname = $2
        or has_schema_privilege($1, n.oid, 'USAGE') and (has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') or has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE')))
  )`;

/** The runtime role and every role that it is a member of, however far. */
export const reach = `
  reach (oid) as (
    select oid from pg_roles where rolname = $1
    union
    select roleid from pg_auth_members join reach on member = reach.oid
  )`;
