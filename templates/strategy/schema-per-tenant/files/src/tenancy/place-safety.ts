import pg from 'pg';
import { TenancyError } from './errors.ts';
import { policyTexts, readsOwn, writesOwn } from './policy-text.ts';
import { roles } from './roles.ts';
import { schemaPattern } from './schema.ts';

/**
 * Refuses a database in which a tenant's schema or role would not hold it. Only the catalog is asked, once for all
 * tenants.
 */
export async function assertPlacesSafe(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    const problems = [
      ...(await ask(client, roleSql)),
      ...(await ask(client, tableSql)),
      ...(await ask(client, reachSql)),
    ];
    if (problems.length === 0) return;
    const shown = problems.slice(0, 20).map((problem) => `- ${problem}`);
    const more = problems.length > shown.length ? `\n- and ${problems.length - shown.length} more` : '';
    throw new TenancyError(
      'unsafe-database',
      `This database would not keep tenants apart:\n${shown.join('\n')}${more}`,
    );
  } finally {
    await client.end();
  }
}

async function ask(client: pg.Client, text: string): Promise<string[]> {
  const { rows } = await client.query<{ problem: string }>(text, [schemaPattern, roles.runtime]);
  return rows.map(({ problem }) => problem);
}

/**
 * What a tenant's role must not be: it holds one schema, and nothing else. Roles of other databases' tenants are
 * theirs.
 */
const roleSql = `
  select format('%I %s. Next: alter role %I %s;', rolname, reason, rolname, mend) as problem
  from pg_catalog.pg_roles, lateral (values
    (rolsuper, 'is superuser', 'nosuperuser'),
    (rolbypassrls, 'bypasses row-level security', 'nobypassrls'),
    (rolcanlogin, 'may log in', 'nologin'),
    (rolcreaterole, 'may create roles', 'nocreaterole')
  ) as power (has, reason, mend)
  where has and rolname ~ $1 and exists (select from pg_catalog.pg_namespace where nspname = rolname)
  union all
  select format('%I inherits the rights of every tenant. Next: alter role %I noinherit;', rolname, rolname)
  from pg_catalog.pg_roles where rolname = $2 and rolinherit
  union all
  select format('%I owns %s. Next: alter table %s owner to the owner;', relowner::regrole, pg_class.oid::regclass, pg_class.oid::regclass)
  from pg_catalog.pg_class join pg_catalog.pg_roles on pg_roles.oid = relowner
  where rolname ~ $1 and relkind in ('r', 'p', 'v', 'm')
  union all
  select format('%I owns the schema %I. Next: alter schema %I owner to the owner;', rolname, nspname, nspname)
  from pg_catalog.pg_namespace join pg_catalog.pg_roles on pg_roles.oid = nspowner
  where rolname ~ $1`;

/**
 * What the tables of every tenant need. Thousands of them are grouped once: looking through all policies for each table
 * would take minutes.
 */
const tableSql = `
  with tenant_table as (
    select pg_class.oid, nspname, pg_roles.oid as role, relrowsecurity and relforcerowsecurity as forced
    from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    left join pg_catalog.pg_roles on rolname = nspname
    where nspname ~ $1 and relkind in ('r', 'p') and not relispartition
  ), policies as materialized (
    select polrelid, polpermissive, polcmd, ${readsOwn} and ${writesOwn} as by_tenant
    from (
      select pg_policy.polrelid, polpermissive, polcmd, ${policyTexts}
      from pg_catalog.pg_policy join tenant_table on tenant_table.oid = polrelid
      where polroles && array[0, role]
    ) as texts
  ), protection as (
    select
      polrelid,
      (select bool_and('*' = any (floors) or command = any (floors)) from pg_catalog.unnest('{r,a,w,d}'::"char"[]) as command) as has_floor,
      is_allowed,
      lets_in
    from (
      select
        polrelid,
        array_agg(polcmd) filter (where not polpermissive and by_tenant) as floors,
        bool_or(polpermissive and by_tenant) as is_allowed,
        bool_or(polpermissive and not by_tenant) as lets_in
      from policies
      group by polrelid
    ) as grouped
  )
  select format('%s %s. Next: npm run tenant -- drift', tenant_table.oid::regclass, reason) as problem
  from tenant_table
  left join protection on polrelid = tenant_table.oid,
  lateral (values
    (not forced, 'does not force row-level security'),
    (has_floor is not true, 'lacks a restrictive policy by tenant for its role'),
    (is_allowed is not true, 'lacks a permissive policy by tenant for its role'),
    (lets_in, 'has a permissive policy that lets others in'),
    (role is null, 'has no role of its own')
  ) as finding (wrong, reason)
  where wrong and $2::text is not null`;

/** Whom else a tenant's schema lets in: another tenant's role, or the runtime role itself. */
const reachSql = `
  with reach as materialized (
    select nspname, grantee, (select rolname from pg_catalog.pg_roles where pg_roles.oid = grantee) as rolname
    from pg_catalog.pg_namespace, lateral aclexplode(nspacl)
    where nspname ~ $1
  )
  select distinct format('%I may use the schema %I. Next: revoke all on schema %I from %I;', rolname, nspname, nspname, rolname) as problem
  from reach
  where rolname <> nspname and (rolname ~ $1 or rolname = $2)
  union all
  select distinct format('everybody may use the schema %I. Next: revoke all on schema %I from public;', nspname, nspname)
  from reach
  where grantee = 0`;
