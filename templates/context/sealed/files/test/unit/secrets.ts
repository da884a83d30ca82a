import type { ContextSecrets } from '../../src/tenancy/enter.ts';
import { parseSealKeys } from '../../src/tenancy/seal.ts';
import type { TestDatabase } from '../setup/test-database.ts';

/** The secrets of the tenant context that a test database was migrated with. */
export function contextSecrets({ environment }: TestDatabase): ContextSecrets {
  return { sealKeys: parseSealKeys(environment['TENANT_SEAL_KEYS'] ?? '') };
}
