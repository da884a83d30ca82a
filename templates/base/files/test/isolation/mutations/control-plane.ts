import { roles } from '../../../src/tenancy/roles.ts';
import { purgeErasesRows } from '../homes.ts';
import { type Material, type Mutation, rotation, usual } from './mutation.ts';

/** What the control plane needs of tables, taken away one at a time: rows would be left behind, or left out. */
export function controlPlaneMutations(material: Material): Mutation[] {
  const next = rotation(usual(material));
  const broken = (what: string, found: string, statement: (table: string) => string): Mutation => {
    const { name } = next();
    return {
      name: `${name}: ${what}`,
      sql: [statement(name)],
      tables: [name],
      groups: ['lint'],
      expects: ({ threat, object, attack }) => threat === 'L12' && object === name && attack.includes(found),
    };
  };
  const emptied = 'a purge does not empty';
  const shown = 'an export lacks rows';
  const purge = [
    broken('platform_purge dropped', emptied, (table) => `drop policy platform_purge on ${table}`),
    broken('platform_purge_read dropped', emptied, (table) => `drop policy platform_purge_read on ${table}`),
    broken('no DELETE for the control plane', emptied, (table) => `revoke delete on ${table} from ${roles.platform}`),
  ];
  return [
    ...(purgeErasesRows ? purge : []),
    broken('tenant_migrate dropped', shown, (table) => `drop policy tenant_migrate on ${table}`),
    broken('tenant_floor for everybody', shown, (table) => `alter policy tenant_floor on ${table} to public`),
    broken('owned by the control plane', shown, (table) => `alter table ${table} owner to ${roles.platform}`),
  ];
}
