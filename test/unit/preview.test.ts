import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffChanges, listChanges } from '../../generators/commands/preview.ts';
import { planChanges } from '../../generators/engine/changes.ts';
import { toTree, type Tree } from '../../generators/engine/tree.ts';
import { filesBelow, scratch } from './terminal.ts';

const plain = (_format: unknown, text: string): string => text;
const file = (path: string, content: string, executable = false) => ({ path, content, executable });

async function write(dir: string, tree: Tree): Promise<void> {
  for (const { path, content, executable } of tree.values()) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
    await chmod(join(dir, path), executable ? 0o755 : 0o644);
  }
}

describe('a preview', () => {
  it('marks what is created, changed and deleted', () => {
    const before = toTree([file('b', '1'), file('c', '1')]);
    const after = toTree([file('a', '1'), file('b', '2')]);
    expect(listChanges(planChanges(before, after), plain)).toEqual(['+ a', '~ b', '- c']);
  });

  it('shows what changed with three lines around it', () => {
    const text = (middle: string) => ['1', '2', '3', '4', middle, '6', '7', '8', '9', ''].join('\n');
    const changes = planChanges(toTree([file('a', text('5'))]), toTree([file('a', text('five'))]));
    expect(diffChanges(changes, plain)).toEqual([
      'diff --git a/a b/a',
      '--- a/a',
      '+++ b/a',
      '@@ -2,7 +2,7 @@',
      ' 2',
      ' 3',
      ' 4',
      '-5',
      '+five',
      ' 6',
      ' 7',
      ' 8',
    ]);
  });

  it('says of a file that may be run now that its mode changed, and nothing else', () => {
    const changes = planChanges(toTree([file('a', '1\n')]), toTree([file('a', '1\n', true)]));
    expect(diffChanges(changes, plain)).toEqual(['diff --git a/a b/a', 'old mode 100644', 'new mode 100755']);
  });

  it('is a patch that git applies, whatever changed', async () => {
    const lines = fc
      .array(fc.constantFrom('a', 'b', '', 'c d'), { minLength: 1, maxLength: 12 })
      .map((all) => `${all.join('\n')}\n`);
    const tree = fc
      .uniqueArray(fc.record({ path: fc.constantFrom('x', 'd/y', 'd/z'), content: lines, executable: fc.boolean() }), {
        selector: ({ path }) => path,
      })
      .map(toTree);
    await fc.assert(
      fc.asyncProperty(tree, tree, async (before, after) => {
        const dir = await scratch();
        await write(dir, before);
        const patch = diffChanges(planChanges(before, after), plain)
          .map((line) => `${line}\n`)
          .join('');
        if (patch !== '')
          execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
            cwd: dir,
            input: patch,
            stdio: ['pipe', 'pipe', 'pipe'],
          });
        expect(await filesBelow(dir)).toEqual(new Map([...after.values()].map(({ path, content }) => [path, content])));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
