import { isTenantSchemaSql, namedRoleSql, servingRoleSql } from '../homes.ts';
import type { Threat } from '../threats.ts';

/**
 * One question to the catalog. Each row of its answer is a finding: object, leaked, fix, and in reproduce a statement that shows it.
 * $1 is the runtime role, $3 the other roles of the application, $4 what was decided to be global.
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

/** The role that runs statements on what is in a schema. */
export const serving = (schema: string): string => servingRoleSql('$1', `${schema}.nspname`);
/** Its name. */
export const servingName = (schema: string): string =>
  `case when ${isTenantSchemaSql(`${schema}.nspname`)} then coalesce((select rolname from pg_roles where rolname = ${schema}.nspname), $1) else $1 end::text`;
export const ofTenants = (schema: string): string => isTenantSchemaSql(`${schema}.nspname`);

/** Tables that hold tenants' rows: those in the tenants' schema, and whatever else the runtime role reaches that has a tenant_id. */
export const tenantTable = `
  tenant_table as (
    select c.oid, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, ${named('c', 'n')} as name, ${servingName('n')} as role, ${namedRoleSql(servingName('n'), 'n.nspname')} as named_role, reach.able as reachable
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    cross join lateral (
      select has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_table_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') or has_any_column_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE')) as able
    ) as reach
    where c.relkind in ('r', 'p') and ${ours('n')} and (${ofTenants('n')} or reach.able)
  )`;

/** The runtime role and every role that it is a member of, however far. */
export const reach = `
  reach (oid) as (
    select oid from pg_roles where rolname = $1
    union
    select roleid from pg_auth_members join reach on member = reach.oid
  )`;
