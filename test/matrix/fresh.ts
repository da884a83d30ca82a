import { posix } from 'node:path';
import { isolatedDeclarationSync } from 'oxc-transform';
import { inWordsOf } from '../../generators/engine/package-manager.ts';
import type { Tree } from '../../generators/engine/tree.ts';
import { packagesOf } from './packages.ts';

const isSource = (path: string): boolean => /\.m?[jt]s$/.test(path);
const declares = /^\s*declare (?:global|module)\b/m;
const imported = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** A text, by the number that equal ones share, and the files that it imports. */
interface Part {
  readonly number: number;
  readonly imports: readonly string[];
}

/** A file as the compiler reads it, and what others see of it: its declarations. */
interface Source {
  readonly whole: Part;
  readonly declared: Part;
  readonly isForAll: boolean;
}

/**
 * Tells which files of a tree have to be compiled and linted by their types: those that were not in an earlier tree together with the same declarations of
 * all that they import, at any remove. A finding about a file depends on nothing else but the compiler's settings, the packages, and what any file declares
 * for every other one; so those of many repositories that share most of themselves are looked at once. What the names in a declaration for all files
 * stand for, where it is used and not imported, is not followed: test/matrix/pairwise.test.ts compiles whole repositories.
 */
export function createFresh(): (tree: Tree) => string[] {
  const numbers = new Map<string, number>();
  const known = new Map<number, Source>();
  const seen = new Set<string>();

  function numberOf(text: string): number {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  }

  function partOf(path: string, text: string): Part {
    const specifiers = [...text.matchAll(imported)].map(([, specifier = '']) => specifier);
    return {
      number: numberOf(`${path}\0${text}`),
      imports: specifiers.map((specifier) => posix.join(posix.dirname(path), specifier)),
    };
  }

  function sourceOf(path: string, written: string): Source {
    const text = inWordsOf('pnpm', written);
    const number = numberOf(`${path}\0${text}`);
    let source = known.get(number);
    if (source === undefined) {
      const whole = partOf(path, text);
      const { code, errors } = isolatedDeclarationSync(path, text);
      // Types that are not written down are inferred from the whole file.
      const declared = errors.length > 0 ? whole : partOf(path, code);
      source = { whole, declared, isForAll: declares.test(text) };
      known.set(number, source);
    }
    return source;
  }

  return (tree) => {
    const shared = [numberOf(packagesOf(tree)), numberOf(tree.get('tsconfig.json')?.content ?? '')];
    const sources = new Map<string, Source>();
    for (const { path, content } of tree.values()) {
      if (!isSource(path)) continue;
      const source = sourceOf(path, content);
      sources.set(path, source);
      if (source.isForAll) shared.push(source.whole.number);
    }

    function withImports({ whole }: Source): string {
      const reached = new Set(whole.imports);
      for (const path of reached) for (const other of sources.get(path)?.declared.imports ?? []) reached.add(other);
      const declarations = [...reached].map((path) => sources.get(path)?.declared.number ?? -1);
      return [...shared, whole.number, ...declarations.sort((a, b) => a - b)].join();
    }

    return [...sources].flatMap(([path, source]) => {
      const key = withImports(source);
      const fresh = !seen.has(key);
      seen.add(key);
      return fresh ? [path] : [];
    });
  };
}
