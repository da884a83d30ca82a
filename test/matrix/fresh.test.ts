import { describe, expect, it } from 'vitest';
import { toTree, type Tree } from '../../generators/engine/tree.ts';
import { createFresh } from './fresh.ts';

const usual = {
  'package.json': '{"dependencies":{"pg":"^8.0.0"}}',
  'tsconfig.json': '{}',
  'src/a.ts': "import { b } from './deep/b.ts';\nexport const a = b;\n",
  'src/deep/b.ts': "export { c as b } from '../c.ts';\n",
  'src/c.ts': 'export const c = 1;\n',
  'src/d.ts': 'export const d = 1;\n',
  'README.md': 'words\n',
};
const all = ['src/a.ts', 'src/c.ts', 'src/d.ts', 'src/deep/b.ts'];
const treeOf = (files: object): Tree =>
  toTree(Object.entries(files).map(([path, content]) => ({ path, content: content as string, executable: false })));

/** The files of a second tree that have to be looked at, after the usual one. */
function freshAfterUsual(changed: object): string[] {
  const fresh = createFresh();
  expect(fresh(treeOf(usual)).sort()).toEqual(all);
  return fresh(treeOf({ ...usual, ...changed })).sort();
}

describe('the files that have to be looked at', () => {
  it('are none of an equal tree, whatever its words are', () => {
    expect(freshAfterUsual({ 'README.md': 'other words\n' })).toEqual([]);
  });

  it('are those that import what changed, at any remove', () => {
    expect(freshAfterUsual({ 'src/c.ts': 'export const c = 2;\n' })).toEqual(['src/a.ts', 'src/c.ts', 'src/deep/b.ts']);
    expect(freshAfterUsual({ 'src/a.ts': "export * from './missing.ts';\n" })).toEqual(['src/a.ts']);
  });

  it('are those alone that changed where others see the same declarations', () => {
    const f = (body: string) => ({ 'src/f.ts': `export function f(): number {\n  return ${body};\n}\n` });
    const g = { 'src/g.ts': "import { f } from './f.ts';\nexport const g: number = f();\n" };
    const fresh = createFresh();
    fresh(treeOf({ ...f('1'), ...g }));
    expect(fresh(treeOf({ ...f('2'), ...g }))).toEqual(['src/f.ts']);
    expect(fresh(treeOf({ 'src/f.ts': 'export const f = (): string => String(1);\n', ...g }))).toEqual([
      'src/f.ts',
      'src/g.ts',
    ]);
  });

  it('are those that see a type which is inferred from something that changed', () => {
    const files = (c: string) => ({
      'src/c.ts': `const c = ${c};\nexport const of = () => c;\n`,
      'src/d.ts': "import { of } from './c.ts';\nexport const d: unknown = of();\n",
    });
    const fresh = createFresh();
    fresh(treeOf(files('1')));
    expect(fresh(treeOf(files('2')))).toEqual(['src/c.ts', 'src/d.ts']);
  });

  it.each([
    ['the packages', { 'package.json': '{"dependencies":{"pg":"^9.0.0"}}' }],
    ['the compiler’s settings', { 'tsconfig.json': '{"strict":true}' }],
    ['what is declared for all', { 'src/d.ts': 'declare global {\n  const e: string;\n}\nexport {};\n' }],
  ])('are all when %s change', (_, changed) => {
    expect(freshAfterUsual(changed)).toEqual(all);
  });
});
