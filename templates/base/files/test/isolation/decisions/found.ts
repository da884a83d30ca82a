import pg from 'pg';
import { roles } from '../../../src/tenancy/roles.ts';
import { decidedName, decidedNameSql, isDecidedSql, isOpenSql } from '../homes.ts';
import { ours } from '../lint/rule.ts';
import type { Facts } from './file.ts';
import { applicationRoles } from './reaching.ts';

export interface FoundRelation {
  /** With its schema, quoted where SQL needs it. */
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table' | 'sequence';
  /** The table that it is a partition of, at the top. */
  readonly root: string | null;
  readonly facts: Facts;
  readonly columns: readonly string[];
  /** What the application may do with it, by whatever grant to one of its roles. */
  readonly reach: readonly string[];
  /** Its keys, as PostgreSQL writes them. */
  readonly keys: readonly Key[];
}

export interface Key {
  readonly name: string;
  readonly definition: string;
  readonly hasTenant: boolean;
}

/** What decisions are about, as the migrations made it. */
export interface Found {
  readonly relations: readonly FoundRelation[];
  readonly functions: Readonly<Record<string, Facts>>;
  readonly defaultPrivileges: Facts;
}

/** The application's roles by what they do, whatever the project is called; nobody decides about superusers, whom nothing stops. */
const roleName = (oid: string) => `
  case when ${oid} = 0 then 'public'
    else (select coalesce($1::jsonb ->> rolname, case when rolsuper then 'a superuser' else format('role %I', rolname) end) from pg_roles where pg_roles.oid = ${oid}) end`;

/** Every relation but PostgreSQL's own, temporary ones and the sequences that belong to a column. */
const relation = `
  relation as (
    select c.oid, c.relkind, c.relacl, c.relowner, c.relnamespace, n.nspname, format('%I.%I', ${decidedNameSql('n.nspname')}, c.relname) as name,
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end as kind,
      case when c.relispartition then (select format('%I.%I', ${decidedNameSql('tn.nspname')}, tc.relname) from pg_class tc join pg_namespace tn on tn.oid = tc.relnamespace where tc.oid = pg_partition_root(c.oid)) end as root,
      case when c.relrowsecurity then case when c.relforcerowsecurity then 'forced' else 'enabled' end end as row_security,
      c.relkind = 'v' and coalesce((select option_value::bool from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false) as security_invoker
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${ours('n')} and ${isDecidedSql('n.nspname')}
      and not (c.relkind = 'S' and exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')))
  )`;

const relationsSql = `
  with ${relation}
  select name, kind, root,
    array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
    array(select privilege from unnest(case relkind when 'S' then array['USAGE', 'SELECT', 'UPDATE'] else array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] end) as privilege
      where exists (select from unnest($1::text[]) as role where ${isOpenSql('role', 'nspname', 'relnamespace')} and case when relkind = 'S' then has_sequence_privilege(role, c.oid, privilege)
        when privilege in ('DELETE', 'TRUNCATE') then has_table_privilege(role, c.oid, privilege) else has_any_column_privilege(role, c.oid, privilege) end)) as reach,
    coalesce((select jsonb_agg(jsonb_build_object('name', quote_ident(k.conname), 'definition', pg_get_constraintdef(k.oid),
        'hasTenant', k.contype = 'f' and not exists (select from pg_attribute t where t.attrelid = k.confrelid and t.attname = 'tenant_id')
          or exists (select from pg_attribute t where t.attrelid = k.conrelid and t.attnum = any (k.conkey) and t.attname = 'tenant_id')) order by k.contype = 'f', k.contype, k.conname)
      from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'f')), '[]') as keys
  from relation as c
  order by name collate "C"`;

const factsSql = `
  with ${relation},
  privilege as (
    select c.oid, p.grantee, lower(p.privilege_type) as what, null as column_name, p.is_grantable, 0 as attnum from relation c, lateral aclexplode(c.relacl) as p where p.grantee <> c.relowner
    union all
    select c.oid, p.grantee, lower(p.privilege_type), quote_ident(a.attname), p.is_grantable, a.attnum
    from relation c join pg_attribute a on a.attrelid = c.oid, lateral aclexplode(a.attacl) as p where p.grantee <> c.relowner
  ),
  privileges as (
    select oid, grantee, what || coalesce(' (' || string_agg(column_name, ', ' order by attnum) || ')', '') || case when is_grantable then ' with grant option' else '' end as text,
      array_position(array['select', 'insert', 'update', 'delete'], what) as position, what
    from privilege where ${roleName('grantee')} <> 'a superuser'
    group by oid, grantee, what, column_name is null, is_grantable
  )
  select * from (
  select name, 'row-level security' as key, row_security as value, 0 as position from relation where row_security is not null
  union all
  select name, 'rights', 'of who asks', 1 from relation where security_invoker
  union all
  select name, 'policy ' || quote_ident(polname), concat_ws(' ',
      case when not polpermissive then 'restrictive' end, 'for',
      case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      'to', (select string_agg(word, ', ' order by word collate "C") from (select ${roleName('role')} as word from unnest(polroles) as role) as named),
      'using ' || bracketed.qual, 'with check ' || bracketed.with_check), 2
  from relation join pg_policy on polrelid = relation.oid,
  lateral (select regexp_replace(pg_get_expr(polqual, polrelid), '\\s*\\n\\s*', ' ', 'g') as qual, regexp_replace(pg_get_expr(polwithcheck, polrelid), '\\s*\\n\\s*', ' ', 'g') as with_check) as said,
  lateral (select case when said.qual like '(%' then said.qual else '(' || said.qual || ')' end as qual,
    case when said.with_check like '(%' then said.with_check else '(' || said.with_check || ')' end as with_check) as bracketed
  union all
  select name, 'grant to ' || ${roleName('grantee')}, string_agg(text, ', ' order by privileges.position, what, text), 3
  from relation join privileges using (oid) group by name, grantee
  ) as fact
  order by position, key collate "C"`;

/** Functions with somebody else's rights, those that policies call, and those that these call in turn where PostgreSQL knows. */
const functionsSql = `
  with recursive called (oid) as (
    select refobjid from pg_depend where classid = 'pg_policy'::regclass and refclassid = 'pg_proc'::regclass
    union
    select refobjid from pg_depend join called on objid = called.oid where classid = 'pg_proc'::regclass and refclassid = 'pg_proc'::regclass
  ),
  func as (
    select p.*, l.lanname from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where ${ours('n')} and ${isDecidedSql('n.nspname')} and (
      p.prosecdef and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      or p.oid in (select oid from called))
  )
  select func.oid::regprocedure::text as name, key, value
  from func, lateral (
    select 'rights' as key, case when prosecdef then 'of ' || ${roleName('proowner')} else 'of who calls' end as value, 0 as position
    union all
    select 'kind', concat_ws(', ', lanname, case provolatile when 's' then 'stable' when 'i' then 'immutable' else 'volatile' end,
      'parallel ' || case proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end, case when proleakproof then 'leakproof' end), 1
    union all
    select 'set ' || split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), 2 from unnest(proconfig) as setting
    union all
    select 'grant to ' || ${roleName('grantee')}, 'execute', 3 from aclexplode(coalesce(proacl, acldefault('f', proowner)))
    where grantee <> proowner and ${roleName('grantee')} <> 'a superuser'
    union all
    select 'body', 'sha256 ' || left(encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(func.oid), prosrc), 'UTF8')), 'hex'), 16), 4
  ) as fact
  order by func.oid::regprocedure::text collate "C", position, key collate "C"`;

const defaultPrivilegesSql = `
  select concat_ws(' ', case defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else 'other objects' end,
      'that', ${roleName('defaclrole')}, 'makes', 'in ' || quote_ident(n.nspname)) as key,
    coalesce((select string_agg(word, ', ' order by word collate "C")
      from (select lower(privilege_type) || ' to ' || ${roleName('grantee')} as word from aclexplode(defaclacl) where grantee <> defaclrole) as named), 'nothing to anybody else') as value
  from pg_default_acl left join pg_namespace n on n.oid = defaclnamespace
  order by defaclobjtype, n.nspname collate "C", defaclrole`;

/** Reads what there is to decide about, with names as PostgreSQL writes them under no search path. */
export async function readFound(admin: pg.ClientBase): Promise<Found> {
  const words = JSON.stringify(Object.fromEntries(Object.entries(roles).map(([word, role]) => [role, word])));
  const all = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = [words]) =>
    (await admin.query<Row>({ text, values: [...values], types: pg.types })).rows;
  await admin.query('set search_path = pg_catalog');
  const relations = await all<Omit<FoundRelation, 'facts'>>(relationsSql, [applicationRoles]);
  const facts = byName(await all<NamedFact>(factsSql));
  const functions = byName(
    (await all<NamedFact>(functionsSql)).map((row) => ({ ...row, name: decidedName(row.name) })),
  );
  const defaultPrivileges = byName((await all<NamedFact>(defaultPrivilegesSql)).map((row) => ({ ...row, name: '' })));
  await admin.query('reset search_path');
  return {
    relations: relations.map((found) => ({ ...found, facts: facts[found.name] ?? {} })),
    functions,
    defaultPrivileges: defaultPrivileges[''] ?? {},
  };
}

type NamedFact = { readonly name: string; readonly key: string; readonly value: string };

function byName(rows: readonly NamedFact[]): Record<string, Facts> {
  const named: Record<string, Record<string, string>> = {};
  for (const { name, key, value } of rows) (named[name] ??= {})[key] = value;
  return named;
}
