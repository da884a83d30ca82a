import { roles } from '../../../src/tenancy/roles.ts';
import { credentialKinds } from '../credentials.ts';
import { homeOf, tableRole } from '../homes.ts';
import { type Material, type Mutation, names, usual } from './mutation.ts';

const runtime = tableRole('app');
const findTenant = 'platform.find_tenant(text)';

/** Functions that run with another role's rights, and what they stand on, broken in one way at a time. */
export function functionMutations(material: Material): Mutation[] {
  const [shown] = usual(material);
  const table = shown?.name ?? '';
  const old = usual(material).find(({ columns }) => columns.some(({ name }) => name === 'created_at'))?.name ?? '';
  return [
    {
      name: `${findTenant} answers for every tenant`,
      sql: [
        `create or replace function platform.find_tenant(wanted text) returns table (id uuid, slug text, status text, requests_per_minute integer, concurrent_requests integer, body_bytes integer) language sql stable security definer set search_path = pg_catalog, pg_temp
        as $$ select tenant.id, tenant.slug, tenant.status, null::integer, null::integer, null::integer from platform.tenants as tenant where tenant.slug = find_tenant.wanted $$`,
      ],
      at: 'control plane',
      groups: ['functions'],
      expects: names(findTenant),
    },
    altered('without a search_path', `alter function ${findTenant} reset search_path`),
    altered(
      'with a search_path that ends elsewhere',
      `alter function ${findTenant} set search_path = pg_catalog, public`,
    ),
    altered('as the administrator', `alter function ${findTenant} owner to current_user`),
    altered('for everybody', `grant execute on function ${findTenant} to public`),
    added(
      'a SECURITY DEFINER function that shows a table',
      'app.attack_rows()',
      ['functions'],
      [
        `create function app.attack_rows() returns setof ${table} language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select * from ${table} $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that counts the rows of a tenant',
      'app.attack_count(uuid)',
      ['functions'],
      [
        `create function app.attack_count(wanted uuid) returns bigint language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from ${table} where tenant_id = wanted $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that shows the rows of a list',
      'app.attack_list(uuid[],integer,integer)',
      ['functions'],
      [
        `create function app.attack_list(wanted uuid[], page integer, size integer) returns setof ${table} language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select * from ${table} where tenant_id = any (wanted) order by tenant_id offset page * size limit size $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that shows the first row, which is an own one as long as there is one',
      'app.attack_next()',
      ['functions'],
      [
        `create function app.attack_next() returns setof ${table} language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select * from ${table} order by tenant_id <> app.tenant_id(), tenant_id limit 1 $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that counts what fits a filter',
      'app.attack_filter(jsonb)',
      ['functions'],
      [
        `create function app.attack_filter(filter jsonb) returns bigint language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select count(*) from ${table} as t where to_jsonb(t) ->> 'tenant_id' = filter ->> 'tenant_id' $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that deletes old rows, and says nothing',
      'app.attack_old()',
      ['functions'],
      [
        `create function app.attack_old() returns void language sql volatile security definer set search_path = pg_catalog, pg_temp as $$ delete from ${old} where created_at < now() - interval '1 year' $$`,
      ],
    ),
    added(
      'a SECURITY DEFINER function that counts for all tenants',
      'app.attack_number()',
      ['functions'],
      [
        'create table platform.attack_numbers as select 0 as last',
        'create function app.attack_number() returns integer language sql volatile security definer set search_path = pg_catalog, pg_temp as $$ update platform.attack_numbers set last = last + 1 returning last $$',
      ],
    ),
    {
      name: 'a procedure that shows a row',
      sql: [
        `create procedure app.attack_procedure(inout found text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin select t::text into found from ${table} as t where tenant_id <> app.tenant_id() limit 1; end $$`,
        `grant execute on procedure app.attack_procedure(text) to ${runtime}`,
      ],
      groups: ['functions'],
      expects: names('app.attack_procedure(text)'),
    },
    added('a function that the server keeps for administrators', 'pg_stat_file(text)', ['lint'], []),
    added(
      'a function that says it is leakproof',
      'app.attack_leak(text)',
      ['lint'],
      [
        `create function app.attack_leak(value text) returns boolean language sql stable leakproof as $$ select true $$`,
      ],
    ),
    {
      name: `${table}: a trigger that runs as the migrator`,
      sql: [
        `create function app.attack_migrator() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin return new; end $$`,
        `alter function app.attack_migrator() owner to ${roles.migrator}`,
        `create trigger attack before update on ${table} for each row execute function app.attack_migrator()`,
      ],
      tables: [table],
      groups: ['lint'],
      expects: names('app.attack_migrator()'),
    },
    {
      name: `${table}: a trigger that runs as the administrator`,
      sql: [
        `create function app.attack_trigger() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin return new; end $$`,
        `create trigger attack before update on ${table} for each row execute function app.attack_trigger()`,
      ],
      tables: [table],
      groups: ['lint'],
      expects: ({ object }) => object === 'app.attack_trigger()' || object === table,
    },
    ...usual(material)
      // In a schema of its own a tenant's names meet nobody else's.
      .filter(({ schema, columns }) => homeOf(schema) === undefined && columns.some(({ name }) => name === 'name'))
      .slice(-1)
      .map(({ name }) => refusingNames(name)),
    ...credentialKinds.flatMap(({ mutations }) => mutations),
  ];
}

/** A constraint over all tenants, as a trigger. */
function refusingNames(table: string): Mutation {
  return {
    name: `${table}: a trigger that refuses names which another tenant has`,
    sql: [
      `create function app.attack_names() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin
        if exists (select from ${table} where name = new.name and id <> new.id) then raise exception 'there is one like this' using errcode = '23505'; end if;
        return new;
      end $$`,
      `create trigger attack before insert on ${table} for each row execute function app.attack_names()`,
    ],
    tables: [table],
    groups: ['side channels'],
    expects: ({ object, threat }) => object === table && threat === 'D5',
  };
}

function altered(what: string, sql: string): Mutation {
  return {
    name: `${findTenant} ${what}`,
    sql: [sql],
    at: 'control plane',
    groups: ['lint'],
    expects: names(findTenant),
  };
}

function added(what: string, name: string, groups: Mutation['groups'], sql: readonly string[]): Mutation {
  return { name: what, sql: [...sql, `grant execute on function ${name} to ${runtime}`], groups, expects: names(name) };
}
