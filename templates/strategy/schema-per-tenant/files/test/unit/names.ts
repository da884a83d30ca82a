import type pg from 'pg';
import type { TenantContext } from '../../src/tenancy/context.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { schemaRules } from '../isolation/strategy/lint.ts';

interface Known {
  readonly ada: TenantContext;
}

/** What the suite says of names that tell who the tenants are. */
export async function namesRules(_admin: pg.Client, { ada }: Known) {
  return schemaRules({ world: { attacker: ada } as never }).filter(({ threat }) => threat === 'G5');
}

/** Slugs as in pg_monitor, a schema of the application's, and that of a tenant. */
export async function namesByChance(_admin: pg.Client, { ada }: Known): Promise<string[]> {
  return ['monitor', 'platform', schemaOf(ada.id).slice(4, 10)];
}
