import { roles } from '../../../src/tenancy/roles.ts';
import { tableRole } from '../homes.ts';
import { literal } from '../sql.ts';
import type { Tenant } from '../world.ts';
import { type Material, type Mutation, names, rotation, usual } from './mutation.ts';

const runtime = tableRole('app');

/** Views, partitions, new tables and tables of the platform, each opened in one way. */
export function relationMutations(material: Material): Mutation[] {
  const next = rotation(usual(material));
  const added = (what: string, object: string, definition: (table: string) => readonly string[]): Mutation => ({
    name: what,
    sql: [...definition(next().name), `grant select on ${object} to ${runtime}`],
    groups: ['relations', 'lint'],
    expects: names(object),
  });
  const readable = (object: string, columns = ''): Mutation => ({
    name: `${object} ${columns}readable`,
    sql: [`grant select ${columns}on ${object} to ${runtime}`],
    groups: ['relations', 'lint'],
    expects: names(object),
  });
  return [
    added("a view with its owner's rights", 'app.attack_view', (table) => [
      `create view app.attack_view as select * from ${table}`,
    ]),
    added("a view of counts with its owner's rights", 'app.attack_count', (table) => [
      `create view app.attack_count as select count(*) as everybodys from ${table}`,
    ]),
    // Without security_barrier a cheap function in the query sees rows before the view's own filter does.
    added('a view that filters by a setting, and is no barrier', 'app.attack_filter', (table) => [
      `create view app.attack_filter as select * from ${table} where tenant_id::text = current_setting('app.attack', true)`,
    ]),
    added('a materialized view', 'app.attack_matview', (table) => [
      `create materialized view app.attack_matview as select * from ${table}`,
    ]),
    added('a foreign table', 'app.attack_foreign', () => [
      'create foreign data wrapper attack',
      'create server attack foreign data wrapper attack',
      'create foreign table app.attack_foreign (tenant_id uuid) server attack',
    ]),
    {
      name: 'a foreign server',
      sql: [
        'create foreign data wrapper attack',
        'create server attack foreign data wrapper attack',
        `grant usage on foreign server attack to ${runtime}`,
      ],
      groups: ['lint'],
      expects: names('attack'),
    },
    rule(next().name),
    newTable(next().name),
    tableByHand,
    tableWithoutRows,
    partition(),
    victimGone(next().name, material.world.victim),
    {
      name: 'a table of a job queue, readable',
      sql: [
        'create schema attack_queue',
        'create table attack_queue.jobs (id bigint primary key, payload text)',
        `grant usage on schema attack_queue to ${runtime}`,
        `grant select on attack_queue.jobs to ${runtime}`,
      ],
      groups: ['lint'],
      expects: names('attack_queue.jobs'),
    },
    {
      name: 'default privileges that give away what is made later',
      sql: [
        `alter default privileges in schema app grant select on tables to ${runtime}`,
        'create table app.attack_log (id bigint primary key, line text)',
      ],
      groups: ['lint'],
      expects: names('app.attack_log'),
    },
    readable('platform.tenants'),
    readable('platform.tenants', '(slug) '),
    readable('platform.placements'),
    readable('platform.migrations'),
  ];
}

function rule(table: string): Mutation {
  return {
    name: `${table}: a rule`,
    sql: [`create rule attack as on delete to ${table} do also delete from ${table}`],
    tables: [table],
    groups: ['lint'],
    expects: names(table),
  };
}

function newTable(table: string): Mutation {
  return {
    name: 'a new table without row-level security',
    sql: [
      `create table app.attack_table (like ${table} including all)`,
      `grant select, insert, update, delete on app.attack_table to ${runtime}`,
    ],
    tables: ['app.attack_table'],
    groups: ['matrix'],
    expects: names('app.attack_table'),
  };
}

/** By somebody who thought of no tenant but had to name one. */
const tableByHand: Mutation = {
  name: 'a new table that somebody made by hand',
  sql: [
    'create table app.attack_notes (id uuid primary key, tenant_id uuid, note text)',
    `grant select, insert, update, delete on app.attack_notes to ${runtime}`,
  ],
  tables: ['app.attack_notes'],
  groups: ['matrix'],
  expects: names('app.attack_notes'),
};

/** What cannot be attacked proves nothing: the suite has to ask for help. */
const tableWithoutRows: Mutation = {
  name: 'a new table for which no row can be made',
  sql: [
    "create table app.attack_riddle (tenant_id uuid not null, id uuid not null, answer text not null check (md5(answer) = 'a1d0c6e83f027327d8461063f4ac58a6'), primary key (tenant_id, id))",
    ...secured('app.attack_riddle'),
  ],
  tables: ['app.attack_riddle'],
  groups: ['matrix'],
  expects: ({ object, threat }) => object === 'app.attack_riddle' && threat === 'F4',
};

function victimGone(table: string, { id }: Pick<Tenant, 'id'>): Mutation {
  return {
    name: `${table}: nothing there to steal`,
    sql: [`delete from ${table} where tenant_id = ${literal(id)}`],
    tables: [table],
    groups: ['matrix'],
    expects: ({ object, threat }) => object === table && threat === 'B8',
  };
}

function secured(table: string): string[] {
  const own = 'tenant_id = (select app.tenant_id())';
  return [
    `alter table ${table} owner to ${roles.owner}`,
    `alter table ${table} enable row level security, force row level security`,
    `create policy tenant_floor on ${table} as restrictive to ${runtime} using (${own}) with check (${own})`,
    `create policy tenant_allow on ${table} to ${runtime} using (${own}) with check (${own})`,
    `grant select, insert, update, delete on ${table} to ${runtime}`,
  ];
}

/** The policies of a parent are not those of its partitions. */
function partition(): Mutation {
  return {
    name: 'a partition that can be reached past its parent',
    sql: [
      'create table app.attack_parent (tenant_id uuid not null, id uuid not null, name text, primary key (tenant_id, id)) partition by hash (tenant_id)',
      'create table app.attack_part partition of app.attack_parent for values with (modulus 1, remainder 0)',
      ...secured('app.attack_parent'),
      `grant select on app.attack_part to ${runtime}`,
    ],
    tables: ['app.attack_parent', 'app.attack_part'],
    groups: ['matrix', 'lint'],
    expects: names('app.attack_part'),
  };
}
