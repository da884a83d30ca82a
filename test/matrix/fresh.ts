import { posix } from 'node:path';
import { inWordsOf } from '../../generators/engine/package-manager.ts';
import type { Tree } from '../../generators/engine/tree.ts';
import { packagesOf } from './packages.ts';

const isSource = (path: string): boolean => /\.m?[jt]s$/.test(path);
/** What compiler and linter go by beside a file and its imports: their settings, the packages, and what any file declares for every other one. */
const settings = ['tsconfig.json', '.oxlintrc.json'];
const declares = /^\s*declare (?:global|module)\b/m;
const imported = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Tells which files of a tree have to be compiled and linted: those for which the file and all that it imports, at any remove, were not in an earlier
 * tree together. A finding about a file depends on nothing else, so those of many repositories that share most of themselves are looked at once; but for
 * what the names in a declaration for all files stand for, where it is used and not imported: test/matrix/pairwise.test.ts compiles whole repositories.
 */
export function createFresh(): (tree: Tree) => string[] {
  const numbers = new Map<string, number>();
  const specifiers = new Map<number, readonly string[]>();
  const seen = new Set<string>();

  /** Equal files have equal numbers. */
  function numberOf(path: string, content: string): number {
    const key = `${path}\0${content}`;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  }

  return (tree) => {
    const sources = new Map<string, number>();
    const shared = [numberOf('packages', packagesOf(tree))];
    for (const { path, content: written } of tree.values()) {
      if (!isSource(path) && !settings.includes(path)) continue;
      const content = inWordsOf('pnpm', written);
      const number = numberOf(path, content);
      if (!isSource(path) || declares.test(content)) shared.push(number);
      if (!isSource(path)) continue;
      sources.set(path, number);
      if (specifiers.has(number)) continue;
      const found = [...content.matchAll(imported)].map(([, specifier = '']) => specifier);
      specifiers.set(
        number,
        found.map((specifier) => posix.join(posix.dirname(path), specifier)),
      );
    }

    function withImports(path: string): string {
      const reached = new Set([path]);
      for (const each of reached) {
        for (const other of specifiers.get(sources.get(each) as number) ?? [])
          if (sources.has(other)) reached.add(other);
      }
      return [...shared, ...[...reached].map((each) => sources.get(each) as number).sort((a, b) => a - b)].join();
    }

    return [...sources.keys()].filter((path) => {
      const key = `${path} ${withImports(path)}`;
      const fresh = !seen.has(key);
      seen.add(key);
      return fresh;
    });
  };
}
