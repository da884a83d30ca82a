import { TenantAppError } from '../errors.ts';

/** One generated file. Paths are relative to the target, with forward slashes. */
export interface TreeFile {
  readonly path: string;
  readonly content: string;
  readonly executable: boolean;
}

/** The files of a repository in memory, in the order of their paths. */
export type Tree = ReadonlyMap<string, TreeFile>;

/** Orders files by path, the same on every machine. */
export function toTree(files: Iterable<TreeFile>): Tree {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(sorted.map((file) => [file.path, file]));
}

/** Throws for a path that could leave the target, or reach into its git repository. */
export function checkPath(path: string, source: string): void {
  const segments = path.split('/');
  const leaves = segments.some(
    (segment) => segment === '' || segment === '.' || segment === '..' || /[\\\0:]/.test(segment),
  );
  if (!leaves && segments[0]?.toLowerCase() !== '.git') return;
  throw new TenantAppError(
    'outside-target',
    `${source} would write ${JSON.stringify(path)}, which is outside the new repository's files.`,
    ['Nothing was written. Correct the path in that layer.'],
  );
}

/** Collects files; two layers that own one path are a mistake in the templates, not a matter of order. */
export function collectTree(files: Iterable<TreeFile & { readonly owner: string }>): Tree {
  const owners = new Map<string, string>();
  const collected: TreeFile[] = [];
  for (const { owner, ...file } of files) {
    checkPath(file.path, owner);
    const other = owners.get(file.path);
    if (other !== undefined) {
      throw new TenantAppError('two-owners', `${file.path} is emitted by both ${other} and ${owner}.`, [
        'One file has one layer.',
      ]);
    }
    owners.set(file.path, owner);
    collected.push(file);
  }
  return toTree(collected);
}
