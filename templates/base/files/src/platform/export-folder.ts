import { access, constants, type FileHandle, mkdir, open, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TenantError } from './tenants.ts';

/** Makes a file by its name; never over one that is there: two halves would be one export. */
export type CreateFile = (name: string) => Promise<FileHandle>;

/**
 * Makes a folder for an export, with those above it, to be filled; one that is there has to be empty. Throws a
 * TenantError otherwise, and when the disk is full. Files of an export that failed are removed, so that the next one
 * can go there.
 */
export async function fillEmptyFolder<T>(folder: string, fill: (create: CreateFile) => Promise<T>): Promise<T> {
  const isNew = await openEmptyFolder(folder);
  const created: string[] = [];
  try {
    return await fill(async (name) => {
      const path = join(folder, name);
      const file = await open(path, 'wx', 0o600);
      created.push(path);
      return file;
    });
  } catch (error) {
    await Promise.all(created.map((path) => rm(path, { force: true })));
    if (isNew) await rmdir(folder).catch(() => {}); // What somebody else has put there stays.
    throw isFull(error)
      ? new TenantError(`The export stopped: ${error.message}. Next: --to a folder with more room.`, { cause: error })
      : error;
  }
}

const isFull = (error: unknown): error is Error =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** True when it made the folder. */
async function openEmptyFolder(folder: string): Promise<boolean> {
  let isNew: boolean;
  let entries: string[];
  try {
    isNew = await makeFolder(resolve(folder));
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
  return isNew;
}

/** Not by the option `recursive`, which tries without end in a folder that takes none, such as /proc. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
  return true;
}
