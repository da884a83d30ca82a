const comparison = String.raw`tenant_id = (\( SELECT )?app\.tenant_id\(\)( AS tenant_id\))?(\)?::\w+)?`;

/**
 * SQL that is true for a policy's expression that holds for rows of the current tenant only: the comparison by itself,
 * or the comparison AND more. `expression` is SQL for the text that pg_get_expr gives, each run of whitespace made one
 * space; it puts every AND inside an OR into parentheses of its own.
 */
const isOfTenant = (expression: string): string => String.raw`(
  ${expression} ~ '^\(${comparison}\)$' or ${expression} ~ '^\(\(${comparison}\) AND .*\)$' or (${expression} ~ ' AND \(${comparison}\)\)$' and ${expression} !~ ' OR '))`;

/** SQL for the texts of a policy's expressions as `qual` and `with_check`, to be selected from pg_policy. */
export const policyTexts = `
  pg_catalog.regexp_replace(pg_catalog.pg_get_expr(polqual, polrelid), '\\s+', ' ', 'g') as qual,
  pg_catalog.regexp_replace(pg_catalog.pg_get_expr(polwithcheck, polrelid), '\\s+', ' ', 'g') as with_check`;

/** SQL that is true for a policy with these texts that lets only rows of the current tenant be read, and written. */
export const readsOwn = `coalesce(${isOfTenant('qual')}, polcmd = 'a')`;
export const writesOwn = `coalesce(${isOfTenant('with_check')}, polcmd in ('r', 'd') or (with_check is null and ${isOfTenant('qual')}))`;
