import { BoundedCache } from './bounded-cache.ts';
import { createDatabase, type Database } from './database.ts';
import { type DatabaseSteps, databaseSteps } from './database-steps.ts';
import { sumOfLoads } from './databases.ts';
import { followTenants } from './following-database.ts';
import { type OpenOptions, openTenantDatabases } from './open-tenant-databases.ts';
import { templateSchema } from './schema.ts';
import { createStore } from './store.ts';
import type { TenantStore } from './strategy.ts';

/**
 * Connects the application to the tables that tenants share, and to the databases of those that have one. `database` is
 * for the former.
 */
export async function openDatabase(options: OpenOptions, steps: DatabaseSteps = databaseSteps): Promise<Database> {
  const { database, databases, credentialCacheSeconds } = options;
  const { enter, outside } = createStore(options);
  const guarded = whereItStays(enter);
  // Look-ups need no more than a tenant's own database.
  const few = {
    ...database,
    poolSize: Math.min(database.poolSize, databases.poolSize),
    lanes: Math.min(database.lanes, databases.lanes),
  };
  const beside = { schema: templateSchema, enter: guarded };
  const own = await openTenantDatabases({ ...options, database: few }, steps, beside);
  const shared = await createDatabase({ ...database, enter: guarded, outside }, steps).catch(async (error: unknown) => {
    await own.close();
    throw error;
  });

  const known = new BoundedCache<{ readonly id: string; readonly strategy: string }>({
    lifetime: credentialCacheSeconds * 1000,
  });
  const find = async (id: string) => ({ id, strategy: (await steps.findStrategy(own, id)) ?? 'shared-schema' });
  const followed = followTenants({
    currentTenant: steps.currentTenant,
    whereIs: async ({ id }) => {
      const { strategy } = known.get(id) ?? (await known.remember(id, () => find(id)));
      return strategy === 'shared-schema' ? shared : own;
    },
    forget: ({ id }) => {
      known.forget((each) => each.id === id);
      own.forget(id);
    },
  });
  return {
    ...own,
    ...followed,
    load: () => ({ ...own.load(), ...[own, shared].map((each) => each.load()).reduce(sumOfLoads) }),
    close: async () => {
      await Promise.all([shared.close(), own.close()]);
    },
  };
}

/** A tenant that has left a place is refused there, whatever somebody remembers. */
const whereItStays =
  (enter: TenantStore['enter']): TenantStore['enter'] =>
  (tenant, now) => ({ ...enter(tenant, now), guard: ['platform.assert_here', tenant.id] });
