import { decisionOf, type Facts, none, standardOf, type Tenancy } from './file.ts';
import type { Found, FoundRelation } from './found.ts';

/** Stands where a person has to decide. */
export const undecided = 'undecided';

/** What db/tenancy.json has to say to be true. Decisions stay; the standard is for people to change. */
export function renew(tenancy: Tenancy, found: Found): Tenancy {
  const own = found.relations.filter(({ root }) => root === null);
  const relations = Object.fromEntries(
    own.map((relation) => [relation.name, tenancy.relations[relation.name] ?? proposed(relation)]),
  );
  const renewed = { ...tenancy, relations, functions: found.functions, defaultPrivileges: found.defaultPrivileges };
  const exceptions = own.map(({ name, kind, facts }): [string, Facts] => {
    const decision = decisionOf(renewed, name);
    return [name, decision === undefined ? {} : difference(standardOf(tenancy, decision, kind), facts)];
  });
  return {
    ...renewed,
    exceptions: Object.fromEntries(exceptions.filter(([, facts]) => Object.keys(facts).length > 0)),
  };
}

/** Only what has a tenant's defences is plainly a tenant's. */
function proposed({ kind, facts, columns }: FoundRelation): string {
  const isTenants =
    kind === 'view'
      ? facts['rights'] !== undefined
      : columns.includes('tenant_id') && facts['row-level security'] === 'forced';
  return isTenants ? 'tenant' : undecided;
}

function difference(standard: Facts, facts: Facts): Facts {
  const more = Object.entries(facts).filter(([key, value]) => standard[key] !== value);
  const less = Object.keys(standard).filter((key) => facts[key] === undefined);
  return Object.fromEntries([...more, ...less.map((key) => [key, none])]);
}
