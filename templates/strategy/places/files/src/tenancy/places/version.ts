import { createHash } from 'node:crypto';
import type { Migration } from '../../platform/migration-files.ts';

/** A hash of names and checksums, and of what else was applied: two places with the same version have the same. */
export function versionOf(migrations: readonly Migration[], ...more: readonly string[]): string {
  const files = migrations.map(({ name, checksum }) => `${name}:${checksum}`);
  return createHash('sha256')
    .update([...files, ...more].join('\n'))
    .digest('hex');
}
