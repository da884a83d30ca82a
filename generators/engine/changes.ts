import { toTree, type Tree, type TreeFile } from './tree.ts';

/** One step from what is on disk to what should be. The dry run, the diff, `--json` and the writer are views of the same list. */
export type Change =
  | { readonly kind: 'create'; readonly path: string; readonly after: TreeFile }
  | { readonly kind: 'update'; readonly path: string; readonly before: TreeFile; readonly after: TreeFile }
  | { readonly kind: 'delete'; readonly path: string; readonly before: TreeFile };

const same = (a: TreeFile, b: TreeFile): boolean => a.content === b.content && a.executable === b.executable;

/** The changes that turn one tree into another, in the order of their paths. */
export function planChanges(before: Tree, after: Tree): Change[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1));
  return paths.flatMap((path): Change[] => {
    const old = before.get(path);
    const now = after.get(path);
    if (old === undefined) return now === undefined ? [] : [{ kind: 'create', path, after: now }];
    if (now === undefined) return [{ kind: 'delete', path, before: old }];
    return same(old, now) ? [] : [{ kind: 'update', path, before: old, after: now }];
  });
}

/** What a tree becomes by these changes. */
export function changed(tree: Tree, changes: readonly Change[]): Tree {
  const files = new Map(tree);
  for (const change of changes) {
    if (change.kind === 'delete') files.delete(change.path);
    else files.set(change.path, change.after);
  }
  return toTree(files.values());
}
