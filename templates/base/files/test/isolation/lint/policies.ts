import { policyTexts, readsOwn, writesOwn } from '../../../src/tenancy/policy-text.ts';
import { type Rule, tenantTable } from './rule.ts';

/** Policies of tenant tables, with who they are for and what they let through. */
const policies = `${tenantTable}, policy as (
    select t.name, t.role, t.named_role, t.reachable, p.polrelid, p.polname, p.polpermissive, p.polcmd,
      exists (select from unnest(p.polroles) as role where case role when 0 then true else pg_has_role(t.role::name, role, 'USAGE') end) as for_runtime,
      0 = any (p.polroles) as for_everybody,
      p.qual, p.with_check,
      ${readsOwn} as reads_own, ${writesOwn} as writes_own
    from tenant_table t
    join lateral (
      select *, ${policyTexts} from pg_policy where polrelid = t.oid
    ) as p on true
  )`;

const predicate = '(tenant_id = (select app.tenant_id()))';
const seePolicies = `format('select * from pg_policies where format(''%%I.%%I'', schemaname, tablename) = %L;', name)`;

/** What the policies say. The other groups attack what they do. */
export const policyRules: readonly Rule[] = [
  {
    threat: 'C3',
    attack: 'look for the restrictive floor',
    sql: `
      with ${policies}
      select t.name as object, coalesce((
          select case when not reads_own then format('the floor %I lets reads through: %s', polname, qual) when not writes_own then format('the floor %I lets writes through: %s', polname, with_check)
            else format('the floor %I is not for all commands', polname) end
          from policy where polrelid = t.oid and not polpermissive and for_runtime limit 1), 'has no restrictive policy: the next permissive one opens it') as leaked,
        format('drop policy if exists tenant_floor on %1$s; create policy tenant_floor on %1$s as restrictive for all to %2$I using ${predicate} with check ${predicate};', t.name, t.named_role) as fix,
        format('select * from pg_policies where format(''%%I.%%I'', schemaname, tablename) = %L;', t.name) as reproduce
      from tenant_table t
      where (t.reachable or not t.relispartition) and t.relrowsecurity
        and exists (
          select from unnest('{r,a,w,d}'::"char"[]) as command
          where not exists (select from policy where polrelid = t.oid and not polpermissive and polcmd in ('*', command) and for_runtime and reads_own and writes_own)
        )`,
  },
  {
    threat: 'C3',
    attack: 'look for permissive policies that name no tenant',
    sql: `
      with ${policies}
      select name as object, format('%I lets %s through: %s; only the floor holds', polname, case when reads_own then 'writes' else 'reads' end, coalesce(case when reads_own then with_check else qual end, 'true')) as leaked,
        format('drop policy %I on %s;', polname, name) as fix, ${seePolicies} as reproduce
      from policy where polpermissive and for_runtime and not (reads_own and writes_own)`,
  },
  {
    threat: 'C3',
    attack: 'look for policies for everybody that the floor does not cover',
    sql: `
      with ${policies}
      select name as object, format('%I is for public; the floor is for fewer roles', polname) as leaked, format('alter policy %I on %s to %I;', polname, name, named_role) as fix, ${seePolicies} as reproduce
      from policy as open
      where polpermissive and for_everybody
        and not exists (select from policy as floor where floor.polrelid = open.polrelid and not floor.polpermissive and floor.polcmd = '*' and floor.for_everybody)`,
  },
  {
    threat: 'C6',
    attack: 'look for settings that decide in policies',
    sql: `
      with ${policies}
      select name as object, format('%I depends on what a session can set: %s', polname, concat(qual, ' ', with_check)) as leaked,
        format('drop policy %I on %s;', polname, name) as fix, ${seePolicies} as reproduce
      from policy where concat(qual, with_check) ~* 'current_setting'`,
  },
  {
    threat: 'C12',
    attack: 'look for user names and claims that decide in policies',
    sql: `
      with ${policies}
      select name as object, format('%I asks who the user is; every tenant is served by one: %s', polname, concat(qual, ' ', with_check)) as leaked,
        format('drop policy %I on %s;', polname, name) as fix, ${seePolicies} as reproduce
      from policy where concat(qual, with_check) ~* 'current_user|session_user|current_role|jwt'`,
  },
  {
    threat: 'C11',
    attack: 'look for policies that depend on tables which tenants write',
    sql: `
      select distinct o.polrelid::regclass::text as object, format('%I looks into %s, which the runtime role writes', o.polname, d.refobjid::regclass) as leaked,
        format('drop policy %I on %s;', o.polname, o.polrelid::regclass) as fix, format('select pg_get_expr(polqual, polrelid) from pg_policy where polname = %L;', o.polname) as reproduce
      from pg_policy o
      join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = o.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> o.polrelid
      where has_any_column_privilege($1, d.refobjid, 'INSERT, UPDATE') or has_table_privilege($1, d.refobjid, 'DELETE')`,
  },
  {
    threat: 'B13',
    attack: 'look for policy functions that plans may remember or run early',
    sql: `
      select distinct p.oid::regprocedure::text as object, case when p.proleakproof then 'is leakproof: it runs on rows that the policy hides' else 'is immutable: a plan made for one tenant answers another' end as leaked,
        format('alter function %s %s;', p.oid::regprocedure, case when p.proleakproof then 'not leakproof' else 'stable' end) as fix,
        format('select provolatile, proleakproof from pg_proc where oid = %L::regprocedure;', p.oid::regprocedure::text) as reproduce
      from pg_policy o
      join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = o.oid and d.refclassid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.refobjid
      where p.pronamespace <> 'pg_catalog'::regnamespace and (p.provolatile = 'i' or p.proleakproof)`,
  },
];
