import { inject } from 'vitest';
import { createTestDatabaseOn, type TestDatabase } from './database.ts';

export type { TestDatabase } from './database.ts';

/** A migrated database of its own for a test file; drop() it in afterAll. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabaseOn(inject('server'));
  // fetch() cannot set Host: where hosts name tenants, tests are their own proxy.
  return { ...database, environment: { ...database.environment, TRUSTED_PROXIES: '127.0.0.1' } };
}
