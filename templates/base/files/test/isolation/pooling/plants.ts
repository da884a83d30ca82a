import type { Threat } from '../threats.ts';

/** Something that a statement may leave on its connection. */
export interface Plant {
  readonly threat: Threat;
  readonly what: string;
  readonly text: string;
  /** What is run after it. */
  readonly followUp?: string;
}

const plant = (threat: Threat, what: string, text: string): Plant => ({ threat, what, text });
const setting = (name: string, value: string): Plant =>
  plant('H3', `the setting ${name}`, `select set_config('${name}', '${value}', false)`);

/** Every kind of residue, as injected SQL would make it: one statement each, because nothing else travels. `table` is one of the tenants' own, `own` a genuine context of the attacker. */
export function plantsOf(table: string, [name, value]: readonly [string, string]): Plant[] {
  const bare = table.split('.').at(-1);
  return [
    plant('H1', 'a cursor that outlives its transaction', `declare attack cursor with hold for select * from ${table}`),
    plant('H1', 'an open cursor', `declare attack cursor for select * from ${table}`),
    plant('H2', 'a temporary table', `create temporary table attack as select * from ${table}`),
    plant('H2', 'a temporary table that hides a real one', `create temporary table ${bare} as select * from ${table}`),
    plant('H2', 'a temporary table made by SELECT', `select * into temporary attack from ${table}`),
    plant('H3', 'a prepared statement', `prepare attack as select 'attack', * from ${table}`),
    plant('H3', 'a session lock', 'select pg_advisory_lock(4711)'),
    plant('H3', 'a shared session lock', 'select pg_try_advisory_lock_shared(4711)'),
    plant('H3', 'a channel that is listened to', 'listen attack'),
    plant('H3', 'a known seed of random numbers', 'select setseed(0.5)'),
    setting('search_path', 'public'),
    setting('row_security', 'off'),
    setting('statement_timeout', '1'),
    setting('lock_timeout', '1'),
    setting('default_transaction_read_only', 'on'),
    setting('TimeZone', 'Asia/Kathmandu'),
    setting('DateStyle', 'German'),
    setting('plan_cache_mode', 'force_generic_plan'),
    setting('enable_seqscan', 'off'),
    setting('role', 'none'),
    plant('H3', 'a context for the session', `select set_config('${name}', '${value}', false)`),
    plant('H3', 'a setting, its function in quotes', `select "set_config"('TimeZone', 'Asia/Kathmandu', false)`),
    plant(
      'H3',
      'a setting, its function in escapes',
      `select u&"\\0073et_config"('TimeZone', 'Asia/Kathmandu', false)`,
    ),
    plant('H3', 'a setting, by way of a comment', `select set_config/**/('TimeZone', 'Asia/Kathmandu', false)`),
    plant(
      'H3',
      'a setting, in a text that is run',
      `select query_to_xml('select set' || '_config(''TimeZone'', ''Asia/Kathmandu'', false)', true, false, '')`,
    ),
    plant(
      'H3',
      'a setting, in the statistics of a text',
      `select * from ts_stat('select to_tsvector(set' || '_config(''TimeZone'', ''Asia/Kathmandu'', false))')`,
    ),
    plant('H3', 'a setting, by a view', `update pg_settings set setting = 'Asia/Kathmandu' where name = 'TimeZone'`),
    plant('H4', 'a setting, by a command', `set timezone = 'Asia/Kathmandu'`),
    plant('H3', 'a context, by a command', `set ${name} = '${value}'`),
    plant('H6', 'a transaction prepared for somebody', `prepare transaction 'attack'`),
    plant('B12', 'a failed statement', 'select 1 / 0'),
  ];
}

/** What the check of the transaction's status has to stop by itself, when the text was let through. What runs after it ends with the transaction, if that ends. */
export function openingsOf(table: string): Plant[] {
  const followUp = `select from ${table} limit 1`;
  return [
    { ...plant('B12', 'an open transaction', 'begin'), followUp },
    { ...plant('B12', 'an open transaction behind a comment', '/* harmless */ start transaction'), followUp },
    {
      ...plant('B4', 'a setting for a transaction that stays open', 'begin'),
      followUp: `set local timezone = 'Asia/Kathmandu'`,
    },
  ];
}

/** Everything about a session that its user could have changed; the same for each user, whoever came before. */
export const stateOfSession = `
  select
    (select json_object_agg(name, setting order by name)::text from pg_catalog.pg_settings
      where context in ('user', 'superuser') and name not in ('transaction_read_only', 'transaction_isolation', 'transaction_deferrable')
        -- They appear when a function of the language first runs.
        and name not like 'plpgsql.%') as settings,
    (select count(*)::int from pg_catalog.pg_cursors where is_holdable) as cursors,
    (select count(*)::int from pg_catalog.pg_prepared_statements where from_sql) as prepared,
    (select count(*)::int from pg_catalog.pg_locks where pid = pg_catalog.pg_backend_pid() and locktype = 'advisory') as locks,
    (select count(*)::int from pg_catalog.pg_listening_channels()) as channels,
    (select count(*)::int from pg_catalog.pg_class where relnamespace = pg_catalog.pg_my_temp_schema()) as temporary,
    (select count(*)::int from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where l.pid = pg_catalog.pg_backend_pid() and n.nspname !~ '^pg_' and c.relkind <> 'i') as "locked tables",
    current_user::text || ' ' || session_user::text as role,
    pg_catalog.array_to_string(pg_catalog.current_schemas(true), ', ') as schemas`;
