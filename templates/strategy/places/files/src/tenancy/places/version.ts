import { createHash } from 'node:crypto';
import type { Migration } from '../../platform/migration-files.ts';

/** A hash of names and checksums: two schemas with the same version have the same migrations. */
export function versionOf(migrations: readonly Migration[]): string {
  const files = migrations.map(({ name, checksum }) => `${name}:${checksum}`);
  return createHash('sha256').update(files.join('\n')).digest('hex');
}
