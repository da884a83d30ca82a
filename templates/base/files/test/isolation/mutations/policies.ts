import { roles } from '../../../src/tenancy/roles.ts';
import { tenantSetting } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { tableRole } from '../homes.ts';
import { contextMutations } from './context.ts';
import { type Material, type Mutation, names, ofAttacker, rotation, usual } from './mutation.ts';

const own = 'tenant_id = (select app.tenant_id())';

/** Every policy, and what policies stand on, broken in one way at a time. */
export function policyMutations(material: Material): Mutation[] {
  const next = rotation(usual(material));
  const nextOwn = rotation(ofAttacker(material));
  const onTable = (
    what: string,
    groups: readonly GroupName[],
    sql: (table: string) => readonly string[],
    expects?: Mutation['expects'],
    whose: 'victim' | 'attacker' = 'victim',
  ): Mutation => {
    const turn = { victim: next(), attacker: nextOwn() };
    const { name } = turn[whose];
    return { name: `${name}: ${what}`, sql: sql(name), tables: [name], groups, expects: expects ?? names(name) };
  };
  return [
    onTable('row-level security switched off', ['matrix'], (table) => [
      `alter table ${table} disable row level security`,
    ]),
    onTable('row-level security not forced', ['layers'], (table) => [
      `alter table ${table} no force row level security`,
    ]),
    onTable('tenant_floor dropped', ['layers'], (table) => [`drop policy tenant_floor on ${table}`]),
    onTable('tenant_allow lets everything through', ['layers'], (table) => [
      `alter policy tenant_allow on ${table} using (true) with check (true)`,
    ]),
    onTable('tenant_floor lets writes through', ['layers'], (table) => [
      `alter policy tenant_floor on ${table} with check (true)`,
    ]),
    onTable('tenant_floor for SELECT only', ['layers'], (table) => [
      `drop policy tenant_floor on ${table}`,
      `create policy tenant_floor on ${table} as restrictive for select to ${roleOn(table)} using (${own})`,
    ]),
    onTable('both policies let writes through', ['matrix'], (table) => both(table, own, 'true')),
    onTable('both policies let reads through', ['matrix'], (table) => both(table, 'true', own)),
    onTable('both policies let inserts through', ['matrix'], (table) => byCommand(table, 'insert')),
    // Where the attacker has rows to give.
    onTable(
      'both policies let updates give rows away',
      ['matrix'],
      (table) => byCommand(table, 'update'),
      undefined,
      'attacker',
    ),
    onTable('both policies let deletes through', ['matrix'], (table) => byCommand(table, 'delete')),
    onTable('both policies ask a second setting', ['injection'], (table) =>
      anyOf(table, `current_setting('app.bypass_rls', true) = 'true'`),
    ),
    onTable('both policies ask who is logged in', ['matrix'], (table) =>
      anyOf(table, `current_user = '${roleOn(table)}'`),
    ),
    onTable('both policies ask a table that tenants write', ['lint'], (table) =>
      anyOf(table, `exists (select from ${members(material)} as member where member.subject = 'everybody')`),
    ),
    onTable('both policies know a tenant that is everybody', ['matrix'], (table) =>
      anyOf(table, `(select app.tenant_id()) = '00000000-0000-0000-0000-000000000000'`),
    ),
    onTable('both policies let through what has no context', ['matrix'], (table) => {
      const open = `case when coalesce(current_setting('${tenantSetting}', true), '') = '' then true else ${own} end`;
      return both(table, open, open);
    }),
    onTable('a permissive policy for everybody', ['layers'], (table) => [
      `create policy everybody on ${table} using (true)`,
    ]),
    onTable('a policy that shows the control plane every row', ['layers'], (table) => [
      `create policy platform_read on ${table} for select to ${roles.platform} using (true)`,
      `grant select on ${table} to ${roles.platform}`,
    ]),
    // Nobody gets across, but nobody could attack either: the suite has to say that it proved nothing.
    onTable('tenant_allow dropped', ['matrix'], (table) => [`drop policy tenant_allow on ${table}`], isControl),
    byEmail(members(material)),
    atAnyTime(members(material)),
    ...contextMutations,
  ];
}

const isControl: Mutation['expects'] = ({ threat }) => threat === 'control';

/** Who may write an e-mail address chooses who they are. */
function byEmail(table: string): Mutation {
  return {
    name: `${table}: both policies ask for an e-mail address`,
    sql: anyOf(table, `email = current_setting('app.email', true)`),
    tables: [table],
    groups: ['lint'],
    expects: names(table),
  };
}

/** Whoever makes tenants lets themselves into one that is there. */
function atAnyTime(table: string): Mutation {
  return {
    name: `${table}: the control plane adds rows at any time`,
    sql: [`alter policy platform_provision on ${table} with check (true)`],
    tables: [table],
    groups: ['layers'],
    expects: names(table),
  };
}

const members = (material: Material): string =>
  usual(material).find(({ name }) => name.endsWith('.members'))?.name ?? '';

const roleOn = (table: string): string => tableRole(table.split('.')[0] ?? '');

function both(table: string, using: string, check: string): string[] {
  return ['tenant_floor', 'tenant_allow'].map(
    (policy) => `alter policy ${policy} on ${table} using (${using}) with check (${check})`,
  );
}

function anyOf(table: string, more: string): string[] {
  return both(table, `${own} or ${more}`, `${own} or ${more}`);
}

/** Both policies as one for each command, of which one lets through. */
function byCommand(table: string, open: 'insert' | 'update' | 'delete'): string[] {
  const clauses = {
    select: `using (${own})`,
    insert: `with check (${open === 'insert' ? 'true' : own})`,
    update: `using (${own}) with check (${open === 'update' ? 'true' : own})`,
    delete: `using (${open === 'delete' ? 'true' : own})`,
  };
  return ['tenant_floor', 'tenant_allow'].flatMap((policy) => [
    `drop policy ${policy} on ${table}`,
    ...Object.entries(clauses).map(
      ([command, clause]) =>
        `create policy ${policy}_${command} on ${table} as ${policy === 'tenant_floor' ? 'restrictive' : 'permissive'} for ${command} to ${roleOn(table)} ${clause}`,
    ),
  ]);
}
