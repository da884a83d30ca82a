import { createRole, own, owner, resolver, statementsFor } from './statements.ts';

/** Something that a team may do to its database. */
export interface Change {
  readonly name: string;
  readonly sql: readonly string[];
  /** What is left when its databases are gone, taken away. */
  readonly undo?: readonly string[];
  /** True for what only a database of several tenants can have. */
  readonly shared?: true;
  /** True for what tenants' rows cannot be moved with: `tenant move` says so. */
  readonly stays?: true;
  /** The same, done wrong: the suite has to name the object. */
  readonly harmful?: { readonly sql: readonly string[]; readonly object: string };
}

/** At least thirty that harm nobody, to tables that serve a role. The same name appears once: they are made together. */
export function changesFor(runtime: string): readonly Change[] {
  const { guards, byCommand, table, answering } = statementsFor(runtime);
  return [
    { name: 'a comment', sql: [`comment on table app.projects is 'What tenants plan'`] },
    { name: 'an index', sql: ['create index on app.projects (tenant_id, name)'] },
    { name: 'a partial index', sql: [`create index on app.tasks (tenant_id, title) where status <> 'done'`] },
    { name: 'an index on an expression', sql: ['create index on app.projects (tenant_id, lower(name))'] },
    {
      name: 'a unique index in each tenant',
      sql: ['create unique index on app.api_keys (tenant_id, secret_hash, id)'],
      harmful: { sql: ['create unique index on app.api_keys (secret_hash)'], object: 'app.api_keys' },
    },
    {
      name: 'a new table',
      sql: table('notes', 'body text not null'),
      harmful: {
        sql: [
          'create table app.notes (tenant_id uuid not null, id uuid not null, body text, primary key (tenant_id, id))',
          `grant select, insert on app.notes to ${runtime}`,
        ],
        object: 'app.notes',
      },
    },
    {
      name: 'sixty more tables, all before the others by name',
      sql: Array.from({ length: 60 }, (_, n) => table(`a_${n}`, 'name text not null')).flat(),
    },
    {
      name: 'a new table that refers to another',
      sql: table(
        'labels',
        'project_id uuid not null, name text not null',
        ', foreign key (tenant_id, project_id) references app.projects (tenant_id, id) on delete cascade',
      ),
    },
    {
      name: 'a table that refers to itself',
      sql: table(
        'folders',
        'parent_id uuid, name text not null',
        ', foreign key (tenant_id, parent_id) references app.folders (tenant_id, id)',
      ),
    },
    {
      name: 'a natural key',
      sql: table('invoices', 'number integer not null check (number > 0)', ', unique (tenant_id, number)'),
      harmful: {
        sql: table('invoices', 'number integer not null check (number > 0)', ', unique (number)'),
        object: 'app.invoices',
      },
    },
    {
      name: 'one row for each tenant',
      sql: [
        'create table app.preferences (tenant_id uuid primary key, theme text not null)',
        ...guards('app.preferences'),
      ],
    },
    {
      name: 'an enum',
      sql: [`create type app.mood as enum ('glad', 'sad')`, ...table('moods', 'mood app.mood not null')],
    },
    {
      name: 'a domain over a domain',
      sql: [
        `create domain app.word as text check (value ~ '^[a-z]+$')`,
        'create domain app.short_word as app.word check (char_length(value) <= 40)',
        ...table('words', 'word app.short_word not null'),
      ],
    },
    {
      name: 'json, arrays and ranges',
      sql: table(
        'shapes',
        `data jsonb not null check (jsonb_typeof(data) = 'object'), tags text[] not null, during tstzrange not null, sizes integer[]`,
      ),
    },
    {
      name: 'a generated column',
      sql: table('sums', 'a integer not null, b integer not null, c integer generated always as (a + b) stored'),
    },
    {
      name: 'checks over two columns',
      sql: table(
        'spans',
        'starts_at timestamptz not null, ends_at timestamptz, note text, link text, check (ends_at is null or ends_at > starts_at), check ((note is null) <> (link is null))',
      ),
    },
    {
      name: 'an exclusion constraint in each tenant',
      sql: [
        'create extension if not exists btree_gist',
        ...table(
          'bookings',
          'room integer not null, during tstzrange not null',
          ', exclude using gist (tenant_id with =, room with =, during with &&)',
        ),
      ],
    },
    {
      name: 'partitions by time',
      sql: [
        'create table app.events (tenant_id uuid not null, id uuid not null, at date not null, primary key (tenant_id, id, at)) partition by range (at)',
        ...guards('app.events'),
        `create table app.events_2031 partition of app.events for values from ('2031-01-01') to ('2032-01-01')`,
        `create table app.events_rest partition of app.events default`,
        ...['events_2031', 'events_rest'].map((name) => `alter table app.${name} owner to ${owner}`),
      ],
      harmful: {
        sql: [
          'create table app.events (tenant_id uuid not null, id uuid not null, at date not null, primary key (tenant_id, id, at)) partition by range (at)',
          ...guards('app.events'),
          `create table app.events_2031 partition of app.events for values from ('2031-01-01') to ('2032-01-01')`,
          `grant select on app.events_2031 to ${runtime}`,
        ],
        object: 'app.events_2031',
      },
    },
    {
      name: 'partitions by hash',
      sql: [
        'create table app.logs (tenant_id uuid not null, id uuid not null, line text, primary key (tenant_id, id)) partition by hash (tenant_id)',
        ...guards('app.logs'),
        ...[0, 1].flatMap((n) => [
          `create table app.logs_${n} partition of app.logs for values with (modulus 2, remainder ${n})`,
          `alter table app.logs_${n} owner to ${owner}`,
        ]),
      ],
    },
    {
      name: 'a table in another schema',
      sql: [
        'create schema crm',
        `grant usage on schema crm to ${runtime}`,
        'create table crm.leads (tenant_id uuid not null, id uuid not null, name text not null, primary key (tenant_id, id))',
        ...guards('crm.leads'),
      ],
    },
    { name: 'an unlogged table', sql: [...table('drafts', 'body text'), 'alter table app.drafts set unlogged'] },
    {
      name: 'a view with the rights of who asks',
      sql: [
        'create view app.open_tasks with (security_invoker = true, security_barrier = true) as select * from app.tasks',
        `grant select on app.open_tasks to ${runtime}`,
      ],
      harmful: {
        sql: ['create view app.open_tasks as select * from app.tasks', `grant select on app.open_tasks to ${runtime}`],
        object: 'app.open_tasks',
      },
    },
    {
      name: 'a materialized view that nobody was granted',
      sql: ['create materialized view app.totals as select count(*) from app.tasks'],
      harmful: {
        sql: [
          'create materialized view app.totals as select * from app.tasks',
          `grant select on app.totals to ${runtime}`,
        ],
        object: 'app.totals',
      },
    },
    {
      name: 'a function with the rights of who calls',
      sql: [
        `create function app.count_tasks() returns bigint language sql stable as 'select count(*) from app.tasks'`,
        `grant execute on function app.count_tasks() to ${runtime}`,
      ],
      harmful: {
        sql: [
          `create function app.count_tasks() returns setof app.tasks language sql stable security definer set search_path = pg_catalog, pg_temp as 'select * from app.tasks'`,
          `grant execute on function app.count_tasks() to ${runtime}`,
        ],
        object: 'app.count_tasks()',
      },
    },
    {
      name: 'a narrow function with the rights of the resolver',
      sql: [
        `create function platform.now_is() returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as 'select now()'`,
        `alter function platform.now_is() owner to ${resolver}`,
        'revoke execute on function platform.now_is() from public',
        `grant execute on function platform.now_is() to ${runtime}`,
      ],
      harmful: {
        sql: [
          `create function platform.now_is() returns timestamptz language sql stable security definer as 'select now()'`,
        ],
        object: 'platform.now_is()',
      },
    },
    {
      name: 'a count with the rights of the resolver',
      sql: answering('count_of(wanted uuid)', 'wanted = app.tenant_id()'),
      harmful: { sql: answering('count_of(wanted uuid)', 'true'), object: 'app.count_of(uuid)' },
    },
    {
      name: 'a procedure with the rights of who calls',
      sql: [
        `create procedure app.rename(wanted uuid) language sql as $$ update app.projects set name = name where id = wanted $$`,
        `grant execute on procedure app.rename(uuid) to ${runtime}`,
      ],
      harmful: {
        sql: [
          `create procedure app.rename(inout found text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin select t::text into found from app.projects t where tenant_id <> app.tenant_id() limit 1; end $$`,
          `grant execute on procedure app.rename(text) to ${runtime}`,
        ],
        object: 'app.rename(text)',
      },
    },
    {
      name: 'names that need quotes',
      sql: [
        'create table app."Order Items" (tenant_id uuid not null, "Item Id" uuid not null, "select" text not null, primary key (tenant_id, "Item Id"))',
        ...guards('app."Order Items"'),
      ],
    },
    {
      name: 'a table whose rows are never changed',
      stays: true,
      sql: [
        ...table('ledger', 'amount integer not null'),
        `create function app.keep() returns trigger language plpgsql as $$ begin raise exception 'the ledger only grows' using errcode = '55000'; end $$`,
        'create trigger keep before update or delete on app.ledger for each row execute function app.keep()',
      ],
    },
    {
      name: 'a key of words',
      sql: [
        'create table app.counters (tenant_id uuid not null, name text not null, value bigint not null default 0, primary key (tenant_id, name))',
        ...guards('app.counters'),
      ],
    },
    {
      name: 'what anybody may ask of the server',
      sql: ['create extension if not exists pg_stat_statements', 'grant execute on function pg_stat_reset() to public'],
      harmful: {
        sql: [`grant execute on function pg_read_binary_file(text) to ${runtime}`],
        object: 'pg_read_binary_file(text)',
      },
    },
    {
      name: 'a trigger with the rights of who writes',
      stays: true,
      sql: [
        `create function app.touch() returns trigger language plpgsql as 'begin new.updated_at := now(); return new; end'`,
        'create trigger touch before update on app.projects for each row execute function app.touch()',
      ],
      harmful: {
        sql: [
          `create function app.touch() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin new.updated_at := now(); return new; end'`,
          'create trigger touch before update on app.projects for each row execute function app.touch()',
        ],
        object: 'app.touch()',
      },
    },
    {
      name: 'a deferred foreign key in each tenant',
      sql: table(
        'links',
        'project_id uuid not null',
        ', foreign key (tenant_id, project_id) references app.projects (tenant_id, id) deferrable initially deferred',
      ),
    },
    { name: 'an extension', sql: ['create extension if not exists citext', 'create extension if not exists pg_trgm'] },
    {
      name: 'a policy under another name',
      sql: [
        'alter policy tenant_allow on app.projects rename to projects_of_the_tenant',
        'alter policy tenant_floor on app.projects rename to nothing_of_others',
      ],
      harmful: { sql: ['alter policy tenant_allow on app.projects using (true)'], object: 'app.projects' },
    },
    {
      name: 'policies by command',
      sql: ['drop policy tenant_allow on app.tasks', ...byCommand('app.tasks', 'permissive')],
    },
    {
      name: 'a floor by command',
      sql: ['drop policy tenant_floor on app.members', ...byCommand('app.members', 'restrictive')],
      harmful: {
        sql: ['drop policy tenant_floor on app.members', ...byCommand('app.members', 'restrictive').slice(1)],
        object: 'app.members',
      },
    },
    {
      name: 'one more restrictive policy',
      sql: [`create policy not_done on app.tasks as restrictive for delete to ${runtime} using (${own})`],
    },
    {
      name: 'another seal key',
      sql: [
        `insert into platform.seal_keys select 'zz', inner_pad, outer_pad from platform.seal_keys order by id limit 1`,
      ],
    },
    { name: 'statistics objects', sql: ['create statistics app.task_statistics on tenant_id, status from app.tasks'] },
    { name: 'a column with a default', sql: [`alter table app.projects add column color text not null default 'red'`] },
    { name: 'a renamed constraint', sql: ['alter table app.tasks rename constraint tasks_pkey to tasks_key'] },
    {
      name: 'a table of the control plane',
      sql: ['create table platform.countries (code text primary key)', `insert into platform.countries values ('de')`],
    },
    {
      name: 'a sequence that nobody may use',
      sql: ['create sequence app.numbers'],
      harmful: {
        sql: ['create sequence app.numbers', `grant usage on sequence app.numbers to ${runtime}`],
        object: 'app.numbers',
      },
    },
    {
      name: 'a column that came back',
      sql: [
        'alter table app.tasks add column extra integer',
        'alter table app.tasks drop column extra',
        'alter table app.tasks add column extra integer',
      ],
    },
    {
      name: 'many rows of somebody else',
      shared: true,
      sql: [
        `insert into platform.tenants (id, slug, name) values ('01a00000-0000-7000-8000-000000000001', 'busy', 'Busy')`,
        `insert into app.projects (tenant_id, id, name) select '01a00000-0000-7000-8000-000000000001', gen_random_uuid(), 'Project ' || n from generate_series(1, 20000) as n`,
      ],
    },
    {
      name: 'REINDEX, CLUSTER and ANALYZE',
      sql: ['reindex table app.tasks', 'cluster app.tasks using tasks_by_age', 'analyze'],
    },
    {
      name: "another application's schema and role",
      sql: [
        createRole('alarms_other'),
        'create schema other authorization alarms_other',
        'create table other.things (tenant_id uuid, id bigint generated always as identity primary key)',
        'alter table other.things owner to alarms_other',
        'grant all on other.things to public',
      ],
      undo: ['drop role alarms_other'],
    },
    {
      name: 'a role for reports that reaches no tenant table',
      sql: [
        createRole('alarms_reports'),
        'create schema reports',
        'create view reports.sizes as select relname, relpages from pg_class',
        'grant usage on schema reports to alarms_reports',
        'grant select on reports.sizes to alarms_reports',
      ],
      undo: ['drop role alarms_reports'],
    },
    { name: 'a publication of nothing', sql: ['create publication alarms_none'] },
  ];
}
