import { createDatabase } from './database.ts';
import type { DatabaseSteps } from './database-steps.ts';
import { createTenantDatabases, type TenantDatabases } from './databases.ts';
import type { DatabasesConfig } from './databases-config.ts';
import { type ContextSecrets, eachSecret } from './enter.ts';
import { TenancyError } from './errors.ts';
import { DatabaseUnavailable } from './open-databases.ts';
import { warnOfPooler } from './pooler-warning.ts';
import { assertApart, assertPlaceSafe } from './place-safety.ts';
import { placeUrl } from './places/place.ts';
import { assertKeysFit } from './places/sealing-keys.ts';
import { roles } from './roles.ts';
import { assertSafe } from './safety.ts';
import { templateSchema } from './schema.ts';
import { createStore } from './store.ts';
import type { TenantStore } from './strategy.ts';

export interface OpenOptions extends ContextSecrets {
  /** The control plane's. */
  readonly database: { readonly url: string; readonly poolSize: number; readonly lanes: number };
  readonly databases: DatabasesConfig;
  readonly credentialCacheSeconds: number;
  /** Told what works but is worth knowing, in one sentence. */
  readonly onWarning?: (message: string) => void;
}

/** What is different where there are tenants without a database of their own. */
export interface BesideOthers {
  /** Schema of their tables in the control plane's database. */
  readonly schema?: string;
  /** What makes a statement run as a tenant in its database. */
  readonly enter?: TenantStore['enter'];
}

/** Connects the application to the control plane, and to a tenant's database when it is first needed. Refuses those that would not keep tenants apart. */
export async function openTenantDatabases(
  options: OpenOptions,
  steps: DatabaseSteps,
  { schema, enter: enterTenant }: BesideOthers = {},
): Promise<TenantDatabases> {
  const { database, databases } = options;
  const { enter, outside } = createStore(options);
  const secrets = eachSecret(options).map((each) => ({
    name: each.name,
    enter: createStore(each.secrets).enter,
  }));
  await assertSafe({ url: database.url, ...(schema !== undefined && { schema }), secrets, login: roles.runtime });
  await assertApart(database.url);
  const controlPlane = await createDatabase({ ...database, enter, outside }, steps);
  await assertKeysFit(controlPlane, databases.keys).catch(async (error: unknown) => {
    await controlPlane.close();
    throw error;
  });
  warnOfPooler(controlPlane, options.onWarning);
  const { poolSize, lanes } = databases;
  return createTenantDatabases({
    controlPlane,
    steps,
    cacheSeconds: options.credentialCacheSeconds,
    most: steps.mostOpen(databases),
    open: async (place) => {
      try {
        const url = placeUrl(database.url, place, databases.keys);
        const safe = assertSafe({
          url,
          schema: templateSchema,
          // Those that are only accepted may be retired while this process runs.
          secrets: secrets.slice(0, 1),
          login: place.login,
          served: roles.tenants,
        });
        // Side by side, by two connections: each database may have as many. Both have ended when others may have them.
        for (const check of await Promise.allSettled([safe, assertPlaceSafe(url, place)]))
          if (check.status === 'rejected') throw check.reason;
        return await createDatabase({ url, poolSize, lanes, enter: enterTenant ?? enter, outside }, steps);
      } catch (error) {
        // A password that does not open is another's fault than the tenant's, and may be mended while this process runs.
        if (error instanceof TenancyError && error.code !== 'context-secrets') throw error;
        throw new DatabaseUnavailable('08001', "A tenant's database cannot be reached.", { cause: error });
      }
    },
  });
}
