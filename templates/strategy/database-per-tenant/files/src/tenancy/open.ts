import type { Database } from './database.ts';
import { type DatabaseSteps, databaseSteps } from './database-steps.ts';
import { type OpenOptions, openTenantDatabases } from './open-tenant-databases.ts';

/**
 * Connects the application to the control plane, and to a tenant's database when it is first needed. Refuses those that
 * would not keep tenants apart.
 */
export async function openDatabase(options: OpenOptions, steps: DatabaseSteps = databaseSteps): Promise<Database> {
  return await openTenantDatabases(options, steps);
}
