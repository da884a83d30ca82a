import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestPath, manifestSchema, type Manifest } from '../engine/manifest.ts';
import { usageError } from '../errors.ts';

/** Reads the manifest of a repository that create-tenant-app made. `shown` is the folder as it was typed. */
export async function readManifest(dir: string, shown: string): Promise<Manifest> {
  const text = await readFile(join(dir, manifestPath), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw usageError('no-repository', `You may not read ${join(shown, manifestPath)}.`);
    throw usageError('no-repository', `${shown} is not a repository of create-tenant-app: it has no ${manifestPath}.`, [
      'Run it in the repository, or name its folder: create-tenant-app verify ../my-saas',
    ]);
  });
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    throw usageError('manifest-invalid', `${join(shown, manifestPath)} cannot be read as a manifest.`, [
      `Restore it from the repository's history: git checkout -- ${manifestPath}`,
    ]);
  }
}
