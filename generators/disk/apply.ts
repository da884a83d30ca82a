import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Change } from '../engine/changes.ts';
import { checkPath } from '../engine/tree.ts';
import { interrupted, TenantAppError } from '../errors.ts';
import { placeInside } from './inside.ts';
import { inspectTarget, type Target } from './target.ts';

/** What was done to the disk. */
export interface Applied {
  readonly dir: string;
  readonly files: number;
}

/** Steps back, newest first. */
type Undo = (() => Promise<void>)[];

/**
 * Brings the changes to disk, all or nothing. New content is written to a temporary folder on the same file system first; a
 * target that is missing appears by one rename, in one that exists the entries move one by one and move back on a failure.
 */
export async function applyChanges(target: Target, changes: readonly Change[], signal?: AbortSignal): Promise<Applied> {
  const undo: Undo = [];
  try {
    if (target.state === 'missing') await appear(target.dir, changes, undo, signal);
    else await moveInto(target.dir, changes, undo, signal);
    return { dir: target.dir, files: changes.filter((change) => change.kind !== 'delete').length };
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined); // the first error is the one to tell
    throw explain(error, target.dir);
  }
}

/** Writes beside the target, then renames. */
async function appear(
  dir: string,
  changes: readonly Change[],
  undo: Undo,
  signal: AbortSignal | undefined,
): Promise<void> {
  await makeFolders(dirname(dir), undo);
  const stage = join(dirname(dir), `.${basename(dir)}.${randomUUID()}`);
  await mkdir(stage); // not mkdtemp: its mode 0700 would stay with the repository
  undo.push(() => rm(stage, { recursive: true, force: true }));
  await writeStage(stage, changes, signal);
  if (inspectTarget(dir).state !== 'missing') throw appearedMeanwhile(dir);
  await rename(stage, dir);
}

/** Writes inside the target, so that a move never crosses file systems, then moves entry by entry. */
async function moveInto(
  dir: string,
  changes: readonly Change[],
  undo: Undo,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stage = await mkdtemp(join(dir, '.create-tenant-app.'));
  undo.push(() => rm(stage, { recursive: true, force: true }));
  await writeStage(join(stage, 'new'), changes, signal);
  await mkdir(join(stage, 'old'));
  for (const [index, change] of changes.entries()) {
    const place = await placeInside(dir, change.path);
    await expect(change, place);
    if (change.kind !== 'create') {
      const kept = join(stage, 'old', String(index));
      await rename(place, kept);
      undo.push(() => rename(kept, place));
    }
    if (change.kind !== 'delete') {
      await makeFolders(dirname(place), undo);
      await rename(join(stage, 'new', change.path), place);
      undo.push(() => rm(place));
    }
  }
  await rm(stage, { recursive: true, force: true });
}

/** Files that are written at the same time: one by one, most of the time is spent waiting for the disk. */
const writers = 16;

/** Writes what is new to a folder that is nobody else's. */
async function writeStage(stage: string, changes: readonly Change[], signal: AbortSignal | undefined): Promise<void> {
  const files = changes.flatMap((change) => (change.kind === 'delete' ? [] : [change.after]));
  for (const { path } of files) checkPath(path, 'A change');
  const folders = new Set(files.map(({ path }) => dirname(join(stage, path))));
  await mkdir(stage, { recursive: true, mode: 0o755 });
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const waiting = files.values();
  const write = async (): Promise<void> => {
    for (const { path, content, executable } of waiting) {
      if (signal?.aborted) throw interrupted('Interrupted. Nothing was written.');
      await writeFile(join(stage, path), content, { mode: executable ? 0o777 : 0o666, flag: 'wx' });
    }
  };
  // All of them end before a failure is told: then everything is removed again.
  const ended = await Promise.allSettled(Array.from({ length: writers }, write));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

/** Refuses to overwrite what changed since the plan was made. */
async function expect(change: Change, place: string): Promise<void> {
  const found = await readFile(place, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== (change.kind === 'create' ? undefined : change.before.content)) throw appearedMeanwhile(change.path);
}

/** Makes a folder and those above it, one by one, so that exactly what was made can go away again. */
async function makeFolders(folder: string, undo: Undo): Promise<void> {
  const there = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (there) return;
  await makeFolders(dirname(folder), undo);
  await mkdir(folder);
  undo.push(() => rmdir(folder));
}

const appearedMeanwhile = (path: string): TenantAppError =>
  new TenantAppError('changed-meanwhile', `${path} changed while this ran; nothing was written.`, [
    'Run the command again.',
  ]);

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'a folder of the path takes no others, or is gone',
  ENOTDIR: 'a part of the path is a file',
  ENAMETOOLONG: 'the path is too long',
};

/** Says what the file system refused, in words. */
function explain(error: unknown, dir: string): unknown {
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined || error instanceof TenantAppError) return error;
  const next =
    reason === reasons['ENOSPC']
      ? 'Make room, then run the command again.'
      : 'Use another folder, or change its rights.';
  const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'disk-full' : 'cannot-write';
  return new TenantAppError(code, `Cannot write ${dir}: ${reason}. What was written so far is removed again.`, [next]);
}
