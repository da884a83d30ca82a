import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TenantError } from './tenants.ts';

/** Makes a folder for an export, with those above it; one that is there has to be empty. Throws a TenantError otherwise. */
export async function openEmptyFolder(folder: string): Promise<void> {
  let entries: string[];
  try {
    await makeFolder(resolve(folder));
    entries = await readdir(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new TenantError(
      `${folder} takes no export: ${(error as Error).message}. Next: --to a folder that can be made, or written to.`,
      { cause: error },
    );
  }
  if (entries.length > 0)
    throw new TenantError(`${folder} is not empty. Next: --to a folder that is, or one that is not there.`);
}

/** Not by the option `recursive`, which tries without end in a folder that takes none, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
