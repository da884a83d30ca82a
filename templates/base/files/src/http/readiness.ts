import { counted } from '../counted.ts';
import { missingMigrations, readMigrations } from '../platform/migration-files.ts';
import type { Database } from '../tenancy/database.ts';
import { Problem } from './problem.ts';

/** Checks that the database answers and has every migration; a 503 when not. */
export async function createReadiness(database: Database): Promise<() => Promise<{ status: 'ready' }>> {
  const migrations = await readMigrations();
  return async () => {
    const { rows } = await database.lookup<{ version: string[] }>({
      text: 'select platform.schema_version() as version',
    });
    const missing = missingMigrations(migrations, rows[0]?.version ?? []);
    if (missing.length > 0) throw new Problem(503, `The database lacks ${counted(missing.length, 'migration')}.`);
    return { status: 'ready' };
  };
}
