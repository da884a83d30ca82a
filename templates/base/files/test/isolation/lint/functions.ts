import { ours, reach, type Rule, serving } from './rule.ts';

/** Functions with their owner's rights that the runtime role can start: by calling them, or as triggers. */
const definers = `
  definer as (
    select p.oid, p.oid::regprocedure::text as name, case p.prokind when 'p' then 'procedure' else 'function' end as kind,
      p.proconfig, p.proacl, p.proowner, p.prorettype
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and ${ours('n')}
      and (p.prorettype = 'trigger'::regtype and exists (select from pg_trigger t where t.tgfoid = p.oid)
        or has_schema_privilege(${serving('n')}, n.oid, 'USAGE') and has_function_privilege(${serving('n')}, p.oid, 'EXECUTE'))
  )`;

/** Policies let the migrator see and write every row. */
const asMigrator = `pg_has_role(pg_roles.oid, (($3::text[])[4])::name, 'USAGE')`;
const unbound = `(rolsuper or rolbypassrls or ${asMigrator})`;
const why = `case when rolsuper or rolbypassrls then 'row-level security does not bind' else 'the policies let see and write every row' end`;

/** What SECURITY DEFINER functions have to be. The functions group calls them. */
export const functionRules: readonly Rule[] = [
  {
    threat: 'E6',
    attack: 'look for functions that run as somebody whom no policy binds',
    sql: `
      with ${definers}
      select name as object, format('runs as %I, whom %s', rolname, ${why}) as leaked, format('alter %s %s owner to %I;', kind, name, ($3::text[])[2]) as fix,
        format('select proowner::regrole from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer join pg_roles on pg_roles.oid = proowner where ${unbound} and prorettype <> 'trigger'::regtype`,
  },
  {
    threat: 'E9',
    attack: 'look for triggers that run as somebody whom no policy binds',
    sql: `
      with ${definers}
      select name as object, format('runs as %I, whom %s, whenever a tenant writes', rolname, ${why}) as leaked, format('alter function %s security invoker;', name) as fix,
        format('select prosecdef, proowner::regrole from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer join pg_roles on pg_roles.oid = proowner where ${unbound} and prorettype = 'trigger'::regtype`,
  },
  {
    threat: 'E7',
    attack: 'look for functions whose names the caller can shadow',
    sql: `
      with ${definers}
      select name as object, 'a SECURITY DEFINER function whose search_path does not end in pg_temp' as leaked, format('alter %s %s set search_path = pg_catalog, pg_temp;', kind, name) as fix,
        format('select proconfig from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer where not exists (select from unnest(proconfig) as setting where setting ~ '^search_path=(.*[ ,])?"?pg_temp"?$')`,
  },
  {
    threat: 'E6',
    attack: 'look for SECURITY DEFINER functions that everybody may call',
    sql: `
      with ${definers}
      select name as object, 'PUBLIC may execute it' as leaked, format('revoke execute on %s %s from public;', kind, name) as fix,
        format('select proacl from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer, lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as privilege
      where privilege.grantee = 0 and prorettype <> 'trigger'::regtype`,
  },
  {
    threat: 'A5',
    attack: 'look for functions and catalogs that the server keeps for administrators',
    sql: `
      with recursive ${reach},
      grantee (oid) as (select 0::oid union all select oid from reach join pg_roles using (oid) where rolname !~ '^pg_'),
      kept as (
        select 'pg_proc'::regclass as class, p.oid, p.oid::regprocedure::text as object, p.proacl as acl, 'EXECUTE' as privilege, 'execute on ' || case p.prokind when 'p' then 'procedure' else 'function' end as what
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where p.proacl is not null and p.proname !~ '_reset' and has_schema_privilege($1, n.oid, 'USAGE')
          and exists (select from pg_init_privs i where i.classoid = 'pg_proc'::regclass and i.objoid = p.oid)
        union all
        select 'pg_class'::regclass, c.oid, c.oid::regclass::text, c.relacl, 'SELECT', 'select on'
        from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') and c.relacl is not null
      )
      select object, format('%s may use it; no policy holds for what it shows', case privilege.grantee when 0 then 'everybody' else privilege.grantee::regrole::text end) as leaked,
        format('revoke %s %s from %I, public;', what, object, $1::text) as fix,
        format('select %s from %s where oid = %s;', case class when 'pg_proc'::regclass then 'proacl' else 'relacl' end, class, kept.oid) as reproduce
      from kept, lateral aclexplode(acl) as privilege
      where privilege.grantee in (select oid from grantee) and privilege.privilege_type = kept.privilege
        and not exists (
          select from pg_init_privs i, lateral aclexplode(i.initprivs) as given
          where i.classoid = kept.class and i.objoid = kept.oid and i.objsubid = 0 and given.grantee = 0 and given.privilege_type = kept.privilege
        )`,
  },
  {
    threat: 'E5',
    attack: 'look for functions that are marked leakproof',
    sql: `
      select p.oid::regprocedure::text as object, 'is leakproof: the planner may run it on rows that a policy hides' as leaked,
        format('alter function %s not leakproof;', p.oid::regprocedure) as fix,
        format('select proleakproof from pg_proc where oid = %L::regprocedure;', p.oid::regprocedure::text) as reproduce
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.proleakproof and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE') and has_function_privilege(${serving('n')}, p.oid, 'EXECUTE')
        and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`,
  },
];
