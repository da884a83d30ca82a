import { roles } from '../../../src/tenancy/roles.ts';
import { credentialKinds } from '../credentials.ts';
import { identifier, literal } from '../sql.ts';
import { type Material, type Mutation, names, rotation, usual } from './mutation.ts';

const { runtime } = roles;

type Table = Material['tables'][number];

/** Tables, views, functions and grants, broken in one way at a time. */
export function schemaMutations(material: Material): Mutation[] {
  const tables = usual(material.tables);
  const next = rotation(tables);
  return [
    ...uniqueOverAllTenants(tables, material.world),
    ...referenceWithoutTenant(tables),
    tenantMayBeNull(next()),
    ...openRelations(next(), next(), next()),
    ...openFunctions(next()),
    ...credentialKinds.flatMap(({ mutations }) => mutations),
    ...grants(next(), next(), material.database),
  ];
}

function openRelations(view: Table, counted: Table, copied: Table): Mutation[] {
  const added = (name: string, what: string, definition: string): Mutation => ({
    name: what,
    sql: [definition, `grant select on ${name} to ${runtime}`],
    groups: ['relations'],
    expects: names(name),
  });
  return [
    added(
      'app.attack_view',
      "a view with its owner's rights",
      `create view app.attack_view as select * from ${view.name}`,
    ),
    added(
      'app.attack_count',
      "a view of counts with its owner's rights",
      `create view app.attack_count as select count(*) as everybodys from ${counted.name}`,
    ),
    added(
      'app.attack_matview',
      'a materialized view',
      `create materialized view app.attack_matview as select * from ${counted.name}`,
    ),
    {
      name: 'a new table without row-level security',
      sql: [
        `create table app.attack_table (like ${copied.name} including all)`,
        `grant select, insert, update, delete on app.attack_table to ${runtime}`,
      ],
      tables: ['app.attack_table'],
      groups: ['matrix'],
      expects: names('app.attack_table'),
    },
    {
      name: 'the table of tenants, readable',
      sql: [`grant select on platform.tenants to ${runtime}`],
      groups: ['relations'],
      expects: names('platform.tenants'),
    },
  ];
}

function openFunctions(shown: Table): Mutation[] {
  return [
    {
      name: 'platform.find_tenant() answers for every tenant',
      sql: [
        `create or replace function platform.find_tenant(wanted text) returns table (id uuid, slug text, status text, requests_per_minute integer, concurrent_requests integer, body_bytes integer) language sql stable security definer set search_path = pg_catalog, pg_temp
        as $$ select tenant.id, tenant.slug, tenant.status, null::integer, null::integer, null::integer from platform.tenants as tenant where tenant.slug = find_tenant.wanted $$`,
      ],
      groups: ['functions'],
      expects: names('platform.find_tenant(text)'),
    },
    {
      name: 'platform.find_tenant() without a search_path',
      sql: ['alter function platform.find_tenant(text) reset search_path'],
      groups: ['lint'],
      expects: names('platform.find_tenant(text)'),
    },
    {
      name: 'a SECURITY DEFINER function that shows a table',
      sql: [
        `create function app.attack_rows() returns setof ${shown.name} language sql stable security definer set search_path = pg_catalog, pg_temp as $$ select * from ${shown.name} $$`,
        `grant execute on function app.attack_rows() to ${runtime}`,
      ],
      groups: ['functions'],
      expects: names('app.attack_rows()'),
    },
  ];
}

function grants(truncated: Table, triggered: Table, database: string): Mutation[] {
  return [
    {
      name: `TRUNCATE granted on ${truncated.name}`,
      sql: [`grant truncate on ${truncated.name} to ${runtime}`],
      tables: [truncated.name],
      groups: ['matrix'],
      expects: names(truncated.name),
    },
    {
      name: `TRIGGER granted on ${triggered.name}`,
      sql: [`grant trigger on ${triggered.name} to ${runtime}`],
      tables: [triggered.name],
      groups: ['matrix'],
      expects: names(triggered.name),
    },
    {
      name: 'CREATE granted on the schema app',
      sql: [`grant create on schema app to ${runtime}`],
      groups: ['roles'],
      expects: names('app'),
    },
    {
      name: 'TEMPORARY granted on the database',
      sql: [`grant temporary on database ${identifier(database)} to public`],
      groups: ['roles'],
      expects: names('database'),
    },
    {
      name: 'a sequence that tenants share',
      sql: ['create sequence app.attack_numbers', `grant usage on sequence app.attack_numbers to ${runtime}`],
      groups: ['lint'],
      expects: names('app.attack_numbers'),
    },
  ];
}

function tenantMayBeNull(table: Table): Mutation {
  const key = table.uniques.find(({ primary }) => primary)?.name ?? '';
  return {
    name: `${table.name}.tenant_id may be null`,
    sql: [
      `alter table ${table.name} drop constraint ${identifier(key)} cascade`,
      `alter table ${table.name} alter column tenant_id drop not null`,
    ],
    groups: ['lint'],
    expects: names(`${table.name}.tenant_id`),
  };
}

/** On the first table with a text of its own. The other tenants' values make room first: they are the same as the victim's, on purpose. */
function uniqueOverAllTenants(tables: readonly Table[], { victim }: Material['world']): Mutation[] {
  for (const table of tables) {
    const free = (name: string): boolean =>
      table.checks.every(({ columns, text }) => !columns.includes(name) || !/ARRAY\[|~/.test(text));
    const column = table.columns.find(({ category, generated, name }) => category === 'S' && !generated && free(name));
    if (column === undefined) continue;
    const key = identifier(column.name);
    return [
      {
        name: `${table.name} (${column.name}) unique over all tenants`,
        sql: [
          `update ${table.name} set ${key} = left(md5(ctid::text || tenant_id::text), 20) where tenant_id <> ${literal(victim.id)}`,
          `create unique index attack_unique on ${table.name} (${key})`,
        ],
        tables: [table.name],
        groups: ['matrix'],
        expects: names(table.name),
      },
    ];
  }
  return [];
}

function referenceWithoutTenant(tables: readonly Table[]): Mutation[] {
  for (const table of tables) {
    const key = table.foreignKeys.find(
      ({ columns, target }) =>
        columns.length === 2 && columns.includes('tenant_id') && tables.some(({ name }) => name === target),
    );
    const column = key?.columns.find((each) => each !== 'tenant_id');
    if (key === undefined || column === undefined) continue;
    const targetColumn = key.targetColumns[key.columns.indexOf(column)] as string;
    return [
      {
        name: `${table.name}: ${key.name} without tenant_id`,
        sql: [
          `create unique index attack_target on ${key.target} (${identifier(targetColumn)})`,
          `alter table ${table.name} drop constraint ${identifier(key.name)}`,
          `alter table ${table.name} add constraint ${identifier(key.name)} foreign key (${identifier(column)}) references ${key.target} (${identifier(targetColumn)}) on delete cascade`,
        ],
        groups: ['matrix'],
        expects: names(table.name),
      },
    ];
  }
  return [];
}
