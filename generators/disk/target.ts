import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { usageError } from '../errors.ts';
import { manifestPath } from '../engine/manifest.ts';
import { quote } from '../answers/flags.ts';

/** The folder that a repository goes to, as it is now. */
export interface Target {
  /** Absolute. */
  readonly dir: string;
  readonly state: 'missing' | 'empty' | 'occupied' | 'not-a-directory';
  /** What is in it. */
  readonly entries: readonly string[];
}

/** What a folder may hold and still count as empty. */
const harmless = new Set(['.git', '.DS_Store', 'Thumbs.db']);

/** Why nothing can be said about a folder, by the code of the error. */
const unreachable: Readonly<Record<string, string>> = {
  EACCES: 'you may not',
  ENAMETOOLONG: 'the path is too long',
};

/** Looks at the folder without changing anything. Throws when it cannot be seen. */
export function inspectTarget(dir: string): Target {
  try {
    if (!statSync(dir).isDirectory()) return { dir, state: 'not-a-directory', entries: [] };
    const entries = readdirSync(dir).sort();
    return { dir, state: entries.every((entry) => harmless.has(entry)) ? 'empty' : 'occupied', entries };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP') return { dir, state: 'not-a-directory', entries: [] };
    const hidden = unreachable[code ?? ''];
    if (hidden !== undefined) {
      throw usageError('unreachable', `Cannot look into ${dir}: ${hidden}.`, ['Use another folder.']);
    }
    if (code !== 'ENOENT') throw error;
    // A link to nothing is there, although it cannot be followed.
    const link = lstatSync(dir, { throwIfNoEntry: false });
    return { dir, state: link === undefined ? 'missing' : 'not-a-directory', entries: [] };
  }
}

function freeName(dir: string): string {
  for (let number = 2; ; number++) {
    if (inspectTarget(`${dir}-${number}`).state === 'missing') return `${dir}-${number}`;
  }
}

/** Throws with the choices that are left when the folder cannot take a new repository. `shown` is the folder as it was typed. */
export function refuseOccupied(target: Target, shown: string): void {
  if (target.state === 'missing' || target.state === 'empty') return;
  if (target.state === 'not-a-directory') {
    throw usageError('not-a-directory', `${shown} is in the way: it is not a directory.`, [
      `Use another folder: create-tenant-app ${quote(shown)}-2`,
    ]);
  }
  const first = target.entries.slice(0, 4).join(', ');
  const more = target.entries.length > 4 ? ` and ${target.entries.length - 4} more` : '';
  const other = join(dirname(shown), basename(freeName(target.dir)));
  throw usageError('directory-not-empty', `${shown} is not empty (${first}${more}); nothing in it was touched.`, [
    ...(target.entries.includes(manifestPath)
      ? [`Prove the repository that is there: create-tenant-app verify ${quote(shown)}`]
      : []),
    `Use another folder: create-tenant-app ${quote(other)}`,
    'Or move its content away first.',
  ]);
}
