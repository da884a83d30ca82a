import { named, ours, type Rule, serving, servingName, tenantTable } from './rule.ts';

/** What the runtime role was given that row-level security does not govern. */
export const privilegeRules: readonly Rule[] = [
  {
    threat: 'A7',
    attack: 'look for privileges that row-level security does not govern',
    sql: `
      select ${named('c', 'n')} as object, format('%I has %s', ${servingName('n')}, privilege) as leaked,
        format('revoke %s on %I.%I from %I, public;', lower(privilege), n.nspname, c.relname, ${servingName('n')}) as fix,
        format('select has_table_privilege(%L, %L, %L);', ${servingName('n')}, format('%I.%I', n.nspname, c.relname), privilege) as reproduce
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      cross join unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER'] || case when current_setting('server_version_num')::integer >= 170000 then array['MAINTAIN'] else '{}' end) as privilege
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_table_privilege(${serving('n')}, c.oid, privilege) or privilege = 'REFERENCES' and has_any_column_privilege(${serving('n')}, c.oid, 'REFERENCES'))`,
  },
  {
    threat: 'A10',
    attack: 'look for schemas where the runtime role may create',
    sql: `
      select nspname as object, 'new tables there have no row-level security, new functions may shadow others' as leaked,
        format('revoke create on schema %I from %I, public;', nspname, ${servingName('n')}) as fix, format('create table %I.x ();', nspname) as reproduce
      from pg_namespace n where nspname !~ '^pg_(toast|temp)' and has_schema_privilege(${serving('n')}, n.oid, 'CREATE')`,
  },
  {
    threat: 'A10',
    attack: 'look for rights on the database',
    sql: `
      select 'database ' || current_database() as object, privilege || ' on the database' as leaked,
        format('revoke %s on database %I from %I, public;', lower(privilege), current_database(), $1::text) as fix,
        case privilege when 'TEMPORARY' then 'create temporary table x ();' else 'create schema x;' end as reproduce
      from unnest(array['TEMPORARY', 'CREATE']) as privilege where has_database_privilege($1, current_database(), privilege)`,
  },
  {
    threat: 'D8',
    attack: 'look for sequences that tenants share',
    sql: `
      select ${named('c', 'n')} as object, format('%I has %s: its numbers tell how much other tenants do', ${servingName('n')}, privilege) as leaked,
        format('revoke all on sequence %I.%I from %I, public;', n.nspname, c.relname, ${servingName('n')}) as fix,
        format('select last_value from %I.%I;', n.nspname, c.relname) as reproduce
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      cross join unnest(array['USAGE', 'UPDATE', 'SELECT']) as privilege
      where c.relkind = 'S' and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE') and has_sequence_privilege(${serving('n')}, c.oid, privilege)`,
  },
  {
    threat: 'D7',
    attack: 'look for numbers that tenants share',
    sql: `
      with ${tenantTable}
      select t.name || '.' || a.attname as object, 'its numbers come from one sequence for all tenants: gaps tell how much the others do' as leaked,
        format('alter table %1$s alter column %2$I %3$s; alter table %1$s alter column %2$I type uuid using gen_random_uuid(), alter column %2$I set default gen_random_uuid();', t.name, a.attname,
          case when a.attidentity <> '' then 'drop identity' else 'drop default' end) as fix,
        format('select pg_get_serial_sequence(%L, %L);', t.name, a.attname) as reproduce
      from tenant_table t
      join pg_attribute a on a.attrelid = t.oid and not a.attisdropped and a.attnum > 0
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where t.reachable and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')`,
  },
  {
    threat: 'E2',
    attack: 'look for copies of rows that no policy covers',
    sql: `
      select ${named('c', 'n')} as object, case c.relkind when 'm' then 'a materialized view holds the rows of every tenant' else 'a foreign table knows no policies' end as leaked,
        format('revoke all on %I.%I from %I, public;', n.nspname, c.relname, ${servingName('n')}) as fix, format('select * from %I.%I;', n.nspname, c.relname) as reproduce
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('m', 'f') and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_any_column_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(${serving('n')}, c.oid, 'SELECT, DELETE'))`,
  },
  {
    threat: 'E10',
    attack: 'look for ways to other servers',
    sql: `
      select srvname as object, 'a foreign server that the runtime role may use' as leaked, format('revoke usage on foreign server %I from %I, public;', srvname, $1::text) as fix,
        format('select has_server_privilege(%L, %L, ''USAGE'');', $1::text, srvname) as reproduce
      from pg_foreign_server s where has_server_privilege($1, s.oid, 'USAGE')`,
  },
  {
    threat: 'E1',
    attack: "look for views that run with their owner's rights",
    sql: `
      select ${named('c', 'n')} as object, format('runs with the rights of %I', pg_get_userbyid(c.relowner)) as leaked,
        format('alter view %I.%I set (security_invoker = true);', n.nspname, c.relname) as fix, format('select * from %I.%I;', n.nspname, c.relname) as reproduce
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'v' and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_any_column_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(${serving('n')}, c.oid, 'DELETE'))
        and not coalesce((select option_value::bool from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false)
        -- Those of extensions are about the server; what they show is read like every view.
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`,
  },
  {
    threat: 'E8',
    attack: "look for rules, which run with their table's owner's rights",
    sql: `
      select ${named('c', 'n')} as object, format('the rule %I rewrites statements', w.rulename) as leaked, format('drop rule %I on %I.%I;', w.rulename, n.nspname, c.relname) as fix,
        'select * from pg_rules;' as reproduce
      from pg_rewrite w join pg_class c on c.oid = w.ev_class join pg_namespace n on n.oid = c.relnamespace
      where w.rulename <> '_RETURN' and ${ours('n')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_any_column_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(${serving('n')}, c.oid, 'DELETE'))`,
  },
];
