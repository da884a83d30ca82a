import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { checkPath } from '../engine/tree.ts';
import { TenantAppError } from '../errors.ts';

/**
 * The absolute place of a path of the tree below a folder that exists. Throws when the path, or a symbolic link on its way,
 * leaves the folder.
 */
export async function placeInside(root: string, path: string): Promise<string> {
  checkPath(path, 'A change');
  const real = await realpath(root);
  const segments = path.split('/');
  for (let depth = 1; depth <= segments.length; depth++) {
    const place = join(real, ...segments.slice(0, depth));
    const found = await lstat(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (found === undefined) break;
    if (!found.isSymbolicLink()) continue;
    const leads = await realpath(place).catch(() => undefined);
    if (depth < segments.length && leads?.startsWith(real + sep)) continue;
    throw new TenantAppError('symlink', `${path} is behind the symbolic link ${place}; nothing was changed.`, [
      'Remove the link, or replace it by what it leads to.',
    ]);
  }
  return join(real, ...segments);
}
