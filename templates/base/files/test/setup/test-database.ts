import { inject } from 'vitest';
import { createTestDatabaseOn, type TestDatabase } from './database.ts';

export type { TestDatabase } from './database.ts';

/** A migrated database of its own for a test file; drop() it in afterAll. */
export const createTestDatabase = (): Promise<TestDatabase> => createTestDatabaseOn(inject('server'));
