import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import type { CreatedTenant } from '../../src/platform/tenants.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { withClient } from '../setup/database.ts';
import { placeUrls } from '../setup/places.ts';
import { newTenant } from '../setup/tenants.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { type ApiClient, apiClient } from './client.ts';

/** A running application with two tenants. */
export interface World {
  database: TestDatabase;
  application: RunningApplication;
  acme: CreatedTenant;
  globex: CreatedTenant;
  /** Calls as the owner of acme, and of globex. */
  asAcme: ApiClient;
  asGlobex: ApiClient;
  /** Calls without a credential. */
  asNobody: ApiClient;
  /** Sees every tenant, and the rows of those that share the tables. */
  withAdmin: <T>(work: (admin: pg.Client) => Promise<T>) => Promise<T>;
  /** Sees the rows of a tenant, wherever they are. */
  withRowsOf: <T>(tenant: CreatedTenant, work: (admin: pg.Client) => Promise<T>) => Promise<T>;
  close: () => Promise<void>;
}

/** The headers of a request to a tenant's host; none where hosts name no tenants. */
export const at = ({ host }: CreatedTenant): Record<string, string> =>
  host === null ? {} : { 'x-forwarded-host': host };

/** The headers of a tenant's first credential, on its host. */
export function credentials(tenant: CreatedTenant): Record<string, string> {
  const { apiKey, token } = tenant;
  return { ...at(tenant), ...(apiKey === null ? { authorization: `Bearer ${token}` } : { 'x-api-key': apiKey }) };
}

/** A world of its own; close() it in the end. */
export async function openWorld(): Promise<World> {
  const database = await createTestDatabase();
  const { environment } = database;
  const acme = await newTenant(environment, 'acme');
  const globex = await newTenant(environment, 'globex');
  // Nothing is remembered, so that a test sees each change at once.
  const application = await startApplication({ ...environment, CREDENTIAL_CACHE_SECONDS: '0' });
  return {
    database,
    application,
    acme,
    globex,
    asAcme: apiClient(application.url, credentials(acme)),
    asGlobex: apiClient(application.url, credentials(globex)),
    asNobody: apiClient(application.url),
    withAdmin: (work) => withClient(database.adminUrl, work),
    withRowsOf: async ({ tenantId }, work) => await withClient((await placeUrls(database, tenantId)).adminUrl, work),
    close: async () => {
      await application.close();
      await database.drop();
    },
  };
}

/** One for all tests of a file; filled before they run. */
export function useWorld(): World {
  const world = {} as World;
  beforeAll(async () => void Object.assign(world, await openWorld()));
  afterAll(() => world.close?.());
  return world;
}
