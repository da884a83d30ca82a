import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import type { CreatedTenant } from '../../src/platform/tenants.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { withClient } from '../setup/database.ts';
import { newTenant } from '../setup/tenants.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { type ApiClient, apiClient } from './client.ts';

/** A running application with two tenants; filled before the tests of a file run. */
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
  /** Sees every tenant's rows. */
  withAdmin: <T>(work: (admin: pg.Client) => Promise<T>) => Promise<T>;
}

/** The headers of a request to a tenant's host; none where hosts name no tenants. */
export const at = ({ host }: CreatedTenant): Record<string, string> =>
  host === null ? {} : { 'x-forwarded-host': host };

/** The headers of a tenant's first credential, on its host. */
export function credentials(tenant: CreatedTenant): Record<string, string> {
  const { apiKey, token } = tenant;
  return { ...at(tenant), ...(apiKey === null ? { authorization: `Bearer ${token}` } : { 'x-api-key': apiKey }) };
}

export function useWorld(): World {
  const world = {} as World;
  beforeAll(async () => {
    world.database = await createTestDatabase();
    const { environment } = world.database;
    world.acme = await newTenant(environment, 'acme');
    world.globex = await newTenant(environment, 'globex');
    // Nothing is remembered, so that a test sees each change at once.
    world.application = await startApplication({ ...environment, CREDENTIAL_CACHE_SECONDS: '0' });
    world.asAcme = apiClient(world.application.url, credentials(world.acme));
    world.asGlobex = apiClient(world.application.url, credentials(world.globex));
    world.asNobody = apiClient(world.application.url);
    world.withAdmin = (work) => withClient(world.database.adminUrl, work);
  });
  afterAll(async () => {
    await world.application?.close();
    await world.database?.drop();
  });
  return world;
}
