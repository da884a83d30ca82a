import { identifier, literal } from '../sql.ts';
import { type Material, type Mutation, names, ofAttacker, usual } from './mutation.ts';

type Table = Material['tables'][number];

/** Keys and references, each without the tenant in it. */
export function keyMutations(material: Material): Mutation[] {
  const { tables, world } = material;
  const changed = usual(material);
  const attackers = ofAttacker(material);
  const refers = (table: Table, target: string) => table.foreignKeys.some((key) => key.target === target);
  const free = changed.find(({ name }) => !tables.some((other) => refers(other, name)));
  return [
    ...uniqueOverAllTenants(changed, world),
    ...references(attackers),
    ...(free === undefined ? [] : [primaryWithoutTenant(free), numbered(free), tenantMayBeNull(free)]),
  ];
}

const primaryOf = ({ name, uniques }: Table): string =>
  `alter table ${name} drop constraint ${identifier(uniques.find(({ primary }) => primary)?.name ?? '')}`;

function primaryWithoutTenant(table: Table): Mutation {
  return {
    name: `${table.name}: the primary key without tenant_id`,
    sql: [primaryOf(table), `alter table ${table.name} add primary key (id)`],
    tables: [table.name],
    groups: ['lint', 'matrix'],
    expects: names(table.name),
  };
}

function tenantMayBeNull(table: Table): Mutation {
  return {
    name: `${table.name}.tenant_id may be null`,
    sql: [primaryOf(table), `alter table ${table.name} alter column tenant_id drop not null`],
    tables: [table.name],
    groups: ['lint', 'matrix'],
    expects: names(`${table.name}.tenant_id`),
  };
}

function numbered(table: Table): Mutation {
  return {
    name: `${table.name}: rows numbered over all tenants`,
    sql: [`alter table ${table.name} add column attack_number bigint generated always as identity`],
    tables: [table.name],
    groups: ['lint'],
    expects: names(`${table.name}.attack_number`),
  };
}

/** On a table with a text of its own. The other tenants' values make room first: they are the same as the victim's, on purpose. */
function uniqueOverAllTenants(tables: readonly Table[], { victim }: Material['world']): Mutation[] {
  // The last ones are the application's own: their texts are what clients write.
  for (const table of [...tables].reverse()) {
    const free = (name: string): boolean =>
      table.checks.every(({ columns, text }) => !columns.includes(name) || !/ARRAY\[|~/.test(text));
    const column = table.columns.find(({ category, generated, name }) => category === 'S' && !generated && free(name));
    if (column === undefined) continue;
    const key = identifier(column.name);
    const makeRoom = `update ${table.name} set ${key} = left(md5(ctid::text || tenant_id::text), 20) where tenant_id <> ${literal(victim.id)}`;
    const unique = (what: string, definition: string): Mutation => ({
      name: `${table.name} (${column.name}) ${what} over all tenants`,
      sql: [makeRoom, definition],
      tables: [table.name],
      groups: ['matrix'],
      expects: names(table.name),
    });
    return [
      unique('unique', `create unique index attack_unique on ${table.name} (${key})`),
      unique(
        'exclusive',
        `alter table ${table.name} add constraint attack_exclusive exclude using btree (${key} with =)`,
      ),
    ];
  }
  return [];
}

/** On the first table that refers to another: the reference without the tenant, in every way that deletes can take, and unchecked. */
function references(tables: readonly Table[]): Mutation[] {
  for (const table of tables) {
    const key = table.foreignKeys.find(
      ({ columns, target }) =>
        columns.length === 2 && columns.includes('tenant_id') && tables.some(({ name }) => name === target),
    );
    const column = key?.columns.find((each) => each !== 'tenant_id');
    if (key === undefined || column === undefined) continue;
    const targetColumn = identifier(key.targetColumns[key.columns.indexOf(column)] as string);
    const mutation = (what: string, ...sql: string[]): Mutation => ({
      name: `${table.name}: ${key.name} ${what}`,
      sql,
      groups: ['matrix', 'lint'],
      expects: names(table.name),
    });
    const withoutTenant = (then: string, ...before: string[]) =>
      mutation(
        `without tenant_id, on delete ${then}`,
        ...before,
        `create unique index attack_target on ${key.target} (${targetColumn})`,
        `alter table ${table.name} drop constraint ${identifier(key.name)}`,
        `alter table ${table.name} add constraint ${identifier(key.name)} foreign key (${identifier(column)}) references ${key.target} (${targetColumn}) on delete ${then}`,
      );
    return [
      withoutTenant('cascade'),
      withoutTenant('restrict'),
      withoutTenant('set null', `alter table ${table.name} alter column ${identifier(column)} drop not null`),
      mutation(
        'never checked',
        `update pg_constraint set convalidated = false where conrelid = '${table.name}'::regclass and conname = ${literal(key.name)}`,
      ),
      // What is left when a role checked it that saw no rows.
      mutation(
        'over rows that refer to nothing',
        'set session_replication_role = replica',
        `update ${table.name} set ${identifier(column)} = gen_random_uuid() where ctid in (select min(ctid) from ${table.name})`,
      ),
    ];
  }
  return [];
}
