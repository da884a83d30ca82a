/** One generated file. Paths are relative to the target, with forward slashes. */
export interface TreeFile {
  readonly path: string;
  readonly content: string;
  readonly executable: boolean;
}

/** The files of a repository in memory, in the order of their paths. */
export type Tree = ReadonlyMap<string, TreeFile>;

/** Collects files; two layers that own one path are a mistake in the templates, not a matter of order. */
export function collectTree(files: Iterable<TreeFile & { readonly owner: string }>): Tree {
  const owners = new Map<string, string>();
  const collected: TreeFile[] = [];
  for (const { owner, ...file } of files) {
    const other = owners.get(file.path);
    if (other !== undefined) throw new Error(`${file.path} is emitted by both ${other} and ${owner}`);
    owners.set(file.path, owner);
    collected.push(file);
  }
  collected.sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(collected.map((file) => [file.path, file]));
}
