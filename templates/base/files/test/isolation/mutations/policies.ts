import { roles } from '../../../src/tenancy/roles.ts';
import { tenantSetting } from '../context.ts';
import { contextMutations } from './context.ts';
import type { GroupName } from '../groups.ts';
import { type Material, type Mutation, names, rotation, usual } from './mutation.ts';

const own = 'tenant_id = (select app.tenant_id())';

/** Every policy, and what policies stand on, broken in one way at a time. */
export function policyMutations({ tables }: Material): Mutation[] {
  const next = rotation(usual(tables));
  const onTable = (
    what: string,
    groups: readonly GroupName[],
    sabotage: (table: string) => readonly string[],
  ): Mutation => {
    const { name } = next();
    return { name: `${name}: ${what}`, sql: sabotage(name), tables: [name], groups, expects: names(name) };
  };
  const bothPolicies = (table: string, using: string, check: string): string[] =>
    ['tenant_floor', 'tenant_allow'].map(
      (policy) => `alter policy ${policy} on ${table} using (${using}) with check (${check})`,
    );
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
    onTable('both policies let writes through', ['matrix'], (table) => bothPolicies(table, own, 'true')),
    onTable('both policies let reads through', ['matrix'], (table) => bothPolicies(table, 'true', own)),
    onTable('tenant_floor for SELECT only', ['layers'], (table) => [
      `drop policy tenant_floor on ${table}`,
      `create policy tenant_floor on ${table} as restrictive for select to ${roles.runtime} using (${own})`,
    ]),
    onTable('a setting lets through', ['injection'], (table) => {
      const bypass = `${own} or current_setting('app.bypass_rls', true) = 'true'`;
      return bothPolicies(table, bypass, bypass);
    }),
    onTable('no context lets through', ['matrix'], (table) => {
      const open = `case when coalesce(current_setting('${tenantSetting}', true), '') = '' then true else ${own} end`;
      return bothPolicies(table, open, open);
    }),
    onTable('a permissive policy for everybody', ['layers'], (table) => [
      `create policy everybody on ${table} using (true)`,
    ]),
    onTable('a policy that shows the control plane every row', ['layers'], (table) => [
      `create policy platform_read on ${table} for select to ${roles.platform} using (true)`,
      `grant select on ${table} to ${roles.platform}`,
    ]),
    ...contextMutations,
  ];
}
