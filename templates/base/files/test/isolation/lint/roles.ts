import { ours, reach, type Rule } from './rule.ts';

const powerful = `'pg_read_all_data', 'pg_write_all_data', 'pg_monitor', 'pg_read_all_stats', 'pg_read_all_settings', 'pg_signal_backend', 'pg_read_server_files',
  'pg_write_server_files', 'pg_execute_server_program', 'pg_maintain', 'pg_create_subscription', 'pg_use_reserved_connections', 'pg_checkpoint', 'pg_stat_scan_tables'`;

const attributes = (roles: string) => `
  select r.rolname as object, a.reason as leaked, format('alter role %I %s;', r.rolname, a.mend) as fix,
    format('select * from pg_roles where rolname = %L;', r.rolname) as reproduce
  from pg_roles r, lateral (values
    (r.rolsuper, 'is superuser: no policy applies', 'nosuperuser'),
    (r.rolbypassrls, 'bypasses row-level security', 'nobypassrls'),
    (r.rolreplication, 'may replicate: the log holds every row', 'noreplication')
  ) as a (has, reason, mend)
  where a.has and ${roles}`;

/** What the roles are, and what the runtime role can become. */
export const roleRules: readonly Rule[] = [
  { threat: 'A1', attack: 'look at the attributes of the runtime role', sql: attributes('r.rolname = $1') },
  {
    threat: 'A1',
    attack: 'look at the attributes of the roles that own tables and functions',
    sql: attributes(`r.rolname = any ($3::text[]) and r.rolname <> $1`),
  },
  {
    threat: 'A1',
    attack: 'look for rights to make databases and roles',
    sql: `
      select rolname as object, 'may create roles or databases' as leaked, format('alter role %I nocreaterole nocreatedb;', rolname) as fix,
        format('select * from pg_roles where rolname = %L;', rolname) as reproduce
      from pg_roles where rolname = $1 and (rolcreaterole or rolcreatedb)`,
  },
  {
    threat: 'A3',
    attack: 'follow the memberships of the runtime role',
    sql: `
      with recursive ${reach}
      select rolname as object, format('%I is a member: it can become %I and inherit its rights', $1::text, rolname) as leaked,
        format('revoke %I from %I;', rolname, $1::text) as fix, format('set role %I;', rolname) as reproduce
      from reach join pg_roles using (oid)
      where rolname <> $1
        and (rolsuper or rolbypassrls or rolreplication or rolcreaterole or rolcreatedb or rolname in (${powerful}) or rolname = any ($3::text[])
          or exists (select from pg_class where relowner = reach.oid) or exists (select from pg_namespace where nspowner = reach.oid))`,
  },
  {
    threat: 'A2',
    attack: 'look for what the runtime role owns',
    sql: `
      select owned.name as object, format('%I owns it: an owner can switch row-level security off', $1::text) as leaked,
        format('reassign owned by %I to %I;', $1::text, ($3::text[])[1]) as fix,
        format('select classid::regclass, objid from pg_shdepend where deptype = ''o'' and refobjid = %L::regrole;', $1::text) as reproduce
      from (
        select format('%I.%I', n.nspname, c.relname) as name, c.relowner as owner from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours('n')}
        union all select nspname, nspowner from pg_namespace
        union all select datname, datdba from pg_database
        union all select p.oid::regprocedure::text, p.proowner from pg_proc p
      ) as owned
      where owned.owner = (select oid from pg_roles where rolname = $1)`,
  },
  {
    threat: 'B11',
    attack: 'look for settings that every session of the role starts with',
    sql: `
      with recursive ${reach}
      select coalesce(r.rolname, 'database ' || d.datname, 'all roles') as object, 'starts with ' || split_part(setting, '=', 1) || ' already set' as leaked,
        format('alter %s reset %I;', case when r.oid is null then 'database ' || quote_ident(current_database()) else 'role ' || quote_ident(r.rolname)
          || case when d.oid is null then '' else ' in database ' || quote_ident(d.datname) end end, split_part(setting, '=', 1)) as fix,
        'select * from pg_db_role_setting;' as reproduce
      from pg_db_role_setting s
      left join pg_roles r on r.oid = s.setrole
      left join pg_database d on d.oid = s.setdatabase
      cross join unnest(s.setconfig) as setting
      where setting ~* '^(app\\.|search_path=|role=|row_security=|session_authorization=|session_replication_role=)'
        and (s.setrole = 0 or s.setrole in (select oid from reach))
        and (s.setdatabase = 0 or d.datname = current_database())`,
  },
  {
    threat: 'M',
    attack: 'compare the server with the first releases that have all fixes',
    sql: `
      select 'PostgreSQL ' || current_setting('server_version') as object, 'has known holes in row-level security' as leaked,
        'Upgrade to 15.18, 16.14, 17.10, 18.4 or newer.' as fix, 'show server_version;' as reproduce
      where current_setting('server_version_num')::integer < case current_setting('server_version_num')::integer / 10000
        when 15 then 150018 when 16 then 160014 when 17 then 170010 when 18 then 180004 when 14 then 150018 else 150018 end`,
  },
];
