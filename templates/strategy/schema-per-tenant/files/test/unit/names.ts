import type pg from 'pg';
import type { TenantContext } from '../../src/tenancy/context.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import type { Recorder } from '../isolation/finding.ts';
import { lintSchemas } from '../isolation/strategy/schemas.ts';

interface Known {
  readonly ada: TenantContext;
}

/** What names that tell who the tenants are are found as. */
export const threatOfNames = 'G5';

/** What the suite says of names, and more. */
export async function attackNames(admin: pg.Client, { ada }: Known, recorder: Recorder): Promise<void> {
  await lintSchemas({ admin, world: { attacker: ada } as never }, recorder);
}

/** Slugs as in pg_monitor, a schema of the application's, and that of a tenant. */
export async function namesByChance(_admin: pg.Client, { ada }: Known): Promise<string[]> {
  return ['monitor', 'platform', schemaOf(ada.id).slice(4, 10)];
}
