import type { ContextSecrets } from '../../src/tenancy/enter.ts';
import type { TestDatabase } from '../setup/test-database.ts';

/** The secrets of the tenant context that a test database was migrated with. */
export function contextSecrets(_database: TestDatabase): ContextSecrets {
  return {};
}
