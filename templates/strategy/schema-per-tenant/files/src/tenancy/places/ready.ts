import type { ControlPlane } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { makePlace } from './make.ts';
import { readTenantMigrations } from './tenant-migrations.ts';
import { versionOf } from './version.ts';

/**
 * Sees to it that a schema is ready. Only when there is none does that take an administrator; a sign-up that only takes
 * one that was made before is done in milliseconds.
 */
export async function prepare({ client, environment }: ControlPlane): Promise<void> {
  const migrations = await readTenantMigrations();
  const { rows } = await client.query<{ ready: boolean }>(
    `select exists (select from platform.places where state = 'ready' and version = $1) as ready`,
    [versionOf(migrations)],
  );
  if (rows[0]?.ready === true) return;
  if ((environment.DATABASE_ADMIN_URL ?? '') === '') {
    throw new Error(
      'No schema is ready for a new tenant, and making one takes an administrator. Next: set DATABASE_ADMIN_URL, or run npm run tenant -- prepare where it is set.',
    );
  }
  await asAdministrator(environment, (admin) => makePlace(admin, migrations));
}

/** Takes a ready schema, in the caller's transaction; undefined when others were faster. */
export async function takePlace({ client }: ControlPlane): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `update platform.places set state = 'taken'
    where tenant_id = (
      select tenant_id from platform.places
      where state = 'ready' and version = $1
      order by tenant_id
      limit 1
      for update skip locked
    )
    returning tenant_id as id`,
    [versionOf(await readTenantMigrations())],
  );
  return rows[0]?.id;
}

/** Makes schemas until as many are ready; returns how many it made. */
export async function prepareMany(plane: ControlPlane, wanted: number): Promise<number> {
  const migrations = await readTenantMigrations();
  const { rows } = await plane.client.query<{ ready: number }>(
    `select count(*)::integer as ready from platform.places where state = 'ready' and version = $1`,
    [versionOf(migrations)],
  );
  const missing = Math.max(0, wanted - (rows[0]?.ready ?? 0));
  if (missing === 0) return 0;
  await asAdministrator(plane.environment, async (admin) => {
    for (let made = 0; made < missing; made++) await makePlace(admin, migrations);
  });
  return missing;
}
