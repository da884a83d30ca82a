import { ours, type Rule, serving } from './rule.ts';

/** Functions with their owner's rights that the runtime role can start: by calling them, or as triggers. */
const definers = `
  definer as (
    select p.oid, p.oid::regprocedure::text as name, p.proconfig, p.proacl, p.proowner, p.prorettype
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and ${ours('n')}
      and (p.prorettype = 'trigger'::regtype and exists (select from pg_trigger t where t.tgfoid = p.oid)
        or has_schema_privilege(${serving('n')}, n.oid, 'USAGE') and has_function_privilege(${serving('n')}, p.oid, 'EXECUTE'))
  )`;

/** What SECURITY DEFINER functions have to be. The functions group calls them. */
export const functionRules: readonly Rule[] = [
  {
    threat: 'E6',
    attack: 'look for functions that run as somebody whom no policy binds',
    sql: `
      with ${definers}
      select name as object, format('runs as %I, whom row-level security does not bind', rolname) as leaked, format('alter function %s owner to %I;', name, ($3::text[])[2]) as fix,
        format('select proowner::regrole from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer join pg_roles on pg_roles.oid = proowner where (rolsuper or rolbypassrls) and prorettype <> 'trigger'::regtype`,
  },
  {
    threat: 'E9',
    attack: 'look for triggers that run as somebody whom no policy binds',
    sql: `
      with ${definers}
      select name as object, format('runs as %I, whom row-level security does not bind, whenever a tenant writes', rolname) as leaked, format('alter function %s security invoker;', name) as fix,
        format('select prosecdef, proowner::regrole from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer join pg_roles on pg_roles.oid = proowner where (rolsuper or rolbypassrls) and prorettype = 'trigger'::regtype`,
  },
  {
    threat: 'E7',
    attack: 'look for functions whose names the caller can shadow',
    sql: `
      with ${definers}
      select name as object, 'a SECURITY DEFINER function whose search_path does not end in pg_temp' as leaked, format('alter function %s set search_path = pg_catalog, pg_temp;', name) as fix,
        format('select proconfig from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer where not exists (select from unnest(proconfig) as setting where setting ~ '^search_path=(.*[ ,])?"?pg_temp"?$')`,
  },
  {
    threat: 'E6',
    attack: 'look for SECURITY DEFINER functions that everybody may call',
    sql: `
      with ${definers}
      select name as object, 'PUBLIC may execute it' as leaked, format('revoke execute on function %s from public;', name) as fix,
        format('select proacl from pg_proc where oid = %L::regprocedure;', name) as reproduce
      from definer, lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as privilege
      where privilege.grantee = 0 and prorettype <> 'trigger'::regtype`,
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
