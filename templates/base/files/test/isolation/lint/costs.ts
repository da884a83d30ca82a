import { type Rule, tenantTable } from './rule.ts';

/** Policies that the runtime role's statements are held by, and the application's functions that they call. */
const calls = `${tenantTable}, called as (
    select t.name, p.polname, p.polcmd, f.oid as function, f.proname, f.provolatile, f.proparallel,
      pg_get_expr(p.polqual, p.polrelid) as qual, pg_get_expr(p.polwithcheck, p.polrelid) as with_check
    from tenant_table t
    join pg_policy p on p.polrelid = t.oid
    join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
    join pg_proc f on f.oid = d.refobjid and f.pronamespace <> 'pg_catalog'::regnamespace
    where exists (select from unnest(p.polroles) as role where case role when 0 then true else pg_has_role(t.role::name, role, 'USAGE') end)
  )`;

/** An expression without its sub-selects, which are asked once for each statement. */
const outsideSubSelects = (expression: string): string =>
  String.raw`regexp_replace(${expression}, '\( SELECT ([^()]|\(([^()]|\([^()]*\))*\))*\)', '', 'g')`;

const predicate = '(tenant_id = (select app.tenant_id()))';

/** What a policy costs, by its text. The planner group looks at the plans that come of it. */
export const costRules: readonly Rule[] = [
  {
    threat: 'C13',
    attack: 'look for functions that policies call for each row',
    sql: `
      with ${calls}
      select name as object, format('%I calls %s for each row: %s', polname, function::regprocedure, said) as leaked,
        concat_ws(' ', format('alter policy %I on %s', polname, name), case when polcmd <> 'a' then 'using ${predicate}' end, case when polcmd not in ('r', 'd') then 'with check ${predicate}' end) || ';' as fix,
        format('select * from pg_policies where format(''%%I.%%I'', schemaname, tablename) = %L;', name) as reproduce
      from called, unnest(array[qual, with_check]) as said
      where strpos(${outsideSubSelects('said')}, proname || '(') > 0`,
  },
  {
    threat: 'C13',
    attack: 'look for policy functions that hold the planner back',
    sql: `
      with ${calls}
      select distinct function::regprocedure::text as object,
        case when provolatile = 'v' then 'is volatile: PostgreSQL calls it again wherever it may' else 'is parallel unsafe: no statement on its tables gets a parallel plan' end as leaked,
        format('alter function %s %s;', function::regprocedure, case when provolatile = 'v' then 'stable' else 'parallel restricted' end) as fix,
        format('select provolatile, proparallel from pg_proc where oid = %L::regprocedure;', function::regprocedure::text) as reproduce
      from called where provolatile = 'v' or proparallel = 'u'`,
  },
];
