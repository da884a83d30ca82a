import { createHash } from 'node:crypto';
import type pg from 'pg';
import { roles } from '../tenancy/roles.ts';

/**
 * What the tables of a schema are made of, one line for each part: columns, constraints, indexes, policies, grants,
 * triggers, functions. The schema's own name and that of the role that its policies are for are left out, so that two
 * tenants' schemas of the same shape read the same. Expressions are written as PostgreSQL prints them for people: with
 * all its parentheses it writes one that came from a dump in other words than the one that was dumped.
 */
export async function shapeOf(admin: pg.ClientBase, schema: string, role: string = roles.runtime): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>({ text: shapeSql, values: [schema] });
  const own = new RegExp(String.raw`\b${schema}\.`, 'g');
  // As `set search_path from current` writes it for a function.
  const path = new RegExp(String.raw`( SET search_path TO )'${schema}'`, 'g');
  const served = new RegExp(String.raw`\b${role}\b`, 'g');
  return rows
    .map(({ line }) =>
      line.replace(/\s+/g, ' ').replace(own, '').replace(path, '$1its own').replace(served, roles.runtime),
    )
    .sort();
}

/** A hash of the shape of a schema's tables. */
export async function fingerprint(admin: pg.ClientBase, schema: string, role?: string): Promise<string> {
  const lines = await shapeOf(admin, schema, role);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

const shapeSql = `
  with relation as (
    select c.oid, c.relname, c.relkind, c.relacl, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relispartition
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  )
  select format('%s %s %s%s%s owner %s', case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end,
    relname, case when relrowsecurity then 'row security ' end, case when relforcerowsecurity then 'forced ' end, reloptions::text, relowner::regrole) as line from relation
  union all
  select format('column %s.%s %s%s%s%s%s', relname, attname, format_type(atttypid, atttypmod), case when attnotnull then ' not null' end,
    ' default ' || pg_get_expr(adbin, adrelid, true), case when attidentity <> '' then ' identity' end, ' collate ' || nullif(attcollation, 0)::regcollation::text)
  from relation join pg_catalog.pg_attribute on attrelid = relation.oid and attnum > 0 and not attisdropped left join pg_catalog.pg_attrdef on adrelid = relation.oid and adnum = attnum
  union all
  select format('constraint %s.%s %s%s', relname, conname, pg_get_constraintdef(k.oid, true), case when not convalidated then ' not valid' end)
  from relation join pg_catalog.pg_constraint k on conrelid = relation.oid where contype <> 'n' and conname <> 'tenant_here'
  union all
  select format('index %s', pg_get_indexdef(indexrelid, 0, true)) from relation join pg_catalog.pg_index on indrelid = relation.oid
  union all
  select format('policy %s.%s %s %s to %s using %s check %s', relname, polname, polpermissive, polcmd,
    (select string_agg(case role when 0 then 'public' else role::regrole::text end, ',' order by role::regrole::text) from unnest(polroles) as role),
    pg_get_expr(polqual, polrelid, true), pg_get_expr(polwithcheck, polrelid, true))
  from relation join pg_catalog.pg_policy on polrelid = relation.oid
  union all
  select format('grant %s on %s to %s', lower(privilege_type), relname, case grantee when 0 then 'public' else grantee::regrole::text end)
  from relation, lateral aclexplode(relacl) where grantee <> relowner
  union all
  select format('grant %s on %s.%s to %s', lower(privilege_type), relname, attname, case grantee when 0 then 'public' else grantee::regrole::text end)
  from relation join pg_catalog.pg_attribute on attrelid = relation.oid, lateral aclexplode(attacl) where grantee <> relowner
  union all
  select format('trigger %s', pg_get_triggerdef(t.oid, true)) from relation join pg_catalog.pg_trigger t on tgrelid = relation.oid where not tgisinternal
  union all
  select format('rule %s', pg_get_ruledef(r.oid, true)) from relation join pg_catalog.pg_rewrite r on ev_class = relation.oid
  union all
  select format('function %s owner %s acl %s', pg_get_functiondef(p.oid), proowner::regrole, proacl::text)
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and prokind in ('f', 'p')`;
