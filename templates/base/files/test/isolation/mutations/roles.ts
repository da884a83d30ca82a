import { roles } from '../../../src/tenancy/roles.ts';
import { tenantSetting } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { literal } from '../sql.ts';
import { type Material, type Mutation, names } from './mutation.ts';

const { runtime, owner, platform, resolver } = roles;

/** The roles, broken in one way at a time. They belong to the cluster: each is put back before anything else runs. */
export function roleMutations({ world }: Material): Mutation[] {
  return [
    attribute(runtime, 'superuser'),
    attribute(runtime, 'bypassrls'),
    attribute(runtime, 'replication'),
    attribute(runtime, 'createrole'),
    attribute(runtime, 'createdb'),
    attribute(platform, 'bypassrls'),
    attribute(resolver, 'bypassrls'),
    attribute(owner, 'bypassrls'),
    ...[
      owner,
      platform,
      'pg_read_all_data',
      'pg_write_all_data',
      'pg_monitor',
      'pg_signal_backend',
      'pg_read_server_files',
      'pg_write_server_files',
      'pg_execute_server_program',
    ].map(membership),
    bypassing,
    {
      name: `${runtime} may change session_replication_role`,
      sql: [`grant set on parameter session_replication_role to ${runtime}`],
      restore: [`revoke set on parameter session_replication_role from ${runtime}`],
      groups: ['roles'],
      expects: names(runtime),
    },
    setting('without a lock time-out', 'lock_timeout = 0', 'roles'),
    setting('without a statement time-out', 'statement_timeout = 0', 'roles'),
    setting('without a time-out for idle transactions', 'idle_in_transaction_session_timeout = 0', 'roles'),
    oldServer,
    setting('with a search_path', 'search_path = public, app', 'lint'),
    setting('with row_security off', 'row_security = off', 'lint'),
    setting('with a context', `${tenantSetting} = ${literal(world.victim.id)}`, 'lint'),
    {
      name: 'the database with a context',
      sql: [inDatabase('alter database %I', `set ${tenantSetting} = ${literal(world.victim.id)}`)],
      groups: ['lint'],
      expects: ({ object, threat }) => threat === 'B11' && object.startsWith('database '),
    },
  ];
}

function attribute(role: string, name: string): Mutation {
  return {
    name: `${role} with ${name}`,
    sql: [`alter role ${role} ${name}`],
    restore: [`alter role ${role} no${name}`],
    groups: ['lint', 'roles'],
    expects: names(role),
  };
}

function membership(role: string): Mutation {
  return {
    name: `${runtime} in ${role}`,
    sql: [`grant ${role} to ${runtime}`],
    restore: [`revoke ${role} from ${runtime}`],
    groups: ['roles', 'lint'],
    expects: names(role),
  };
}

/** BYPASSRLS is not inherited; SET ROLE is the way to it. */
const bypassing: Mutation = {
  name: `${runtime} in a role that bypasses row-level security`,
  sql: [
    `do $$ begin
      if not exists (select from pg_roles where rolname = 'attack_bypass') then
        create role attack_bypass bypassrls;
      end if;
    end $$`,
    `grant attack_bypass to ${runtime}`,
  ],
  restore: [`revoke attack_bypass from ${runtime}`, 'drop role attack_bypass'],
  groups: ['roles', 'lint'],
  expects: names('attack_bypass'),
};

/** No old PostgreSQL is at hand: this one says that it is one, to whoever looks into the catalog. */
const oldServer: Mutation = {
  name: 'a server with known holes',
  sql: [
    'create schema attack',
    `create function attack.current_setting(name text) returns text language sql stable as $$
      select case when name like 'server_version%' then '150001' else pg_catalog.current_setting(name) end
    $$`,
    inDatabase('alter role current_user in database %I', 'set search_path = attack, pg_catalog, public'),
  ],
  groups: ['lint'],
  expects: ({ threat }) => threat === 'M',
};

/** In the copied database only: what the role has everywhere stays as it is, and the rest goes with the copy. */
function setting(what: string, assignment: string, group: GroupName): Mutation {
  return {
    name: `${runtime} ${what}`,
    sql: [inDatabase(`alter role ${runtime} in database %I`, `set ${assignment}`)],
    at: 'control plane',
    groups: [group],
    expects: names(runtime),
  };
}

function inDatabase(alter: string, change: string): string {
  return `do $$ begin execute format(${literal(`${alter} %s`)}, current_database(), ${literal(change)}); end $$`;
}
