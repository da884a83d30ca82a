import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toFlags } from '../../generators/answers/flags.ts';
import { applyChanges } from '../../generators/disk/apply.ts';
import { placeInside } from '../../generators/disk/inside.ts';
import { inspectTarget } from '../../generators/disk/target.ts';
import { changed, planChanges } from '../../generators/engine/changes.ts';
import { generate } from '../../generators/engine/generate.ts';
import { checkPath, toTree, type Tree } from '../../generators/engine/tree.ts';
import { anyAnswers } from './example-answers.ts';
import { cli, scratch } from './terminal.ts';

const segment = fc.constantFrom('a', 'b', 'c', '.env', 'src');

/** Trees in which no file has the path of a folder. */
const anyTree: fc.Arbitrary<Tree> = fc
  .array(
    fc.record({
      path: fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/')),
      content: fc.string({ unit: 'grapheme', maxLength: 20 }),
      executable: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((files) => {
    const all = toTree(files);
    const folders = [...all.keys()].flatMap((path) =>
      path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/')),
    );
    return toTree([...all.values()].filter((file) => !folders.includes(file.path)));
  });

async function treeOnDisk(dir: string): Promise<Tree> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return toTree(
    await Promise.all(
      files.map(async (file) => ({
        path: file.slice(dir.length + 1),
        content: await readFile(file, 'utf8'),
        executable: ((await stat(file)).mode & 0o100) !== 0,
      })),
    ),
  );
}

describe('laws', () => {
  it('the same answers give the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswers, async (answers) => {
        expect([...(await generate(answers))]).toEqual([...(await generate(structuredClone(answers)))]);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('a dry run lists exactly what the run then writes', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswers, async (answers) => {
        const cwd = await scratch();
        const flags = toFlags(answers, { install: false, git: false, verify: false }, 'repo').flatMap((flag) =>
          flag.split(' '),
        );
        const plan = JSON.parse((await cli(cwd, ['repo', ...flags, '--dry-run', '--json'])).stdout);
        expect(await readdir(cwd)).toEqual([]);
        expect((await cli(cwd, ['repo', ...flags])).code).toBe(0);
        const written = [...(await treeOnDisk(join(cwd, 'repo'))).values()].map((file) => ({
          kind: 'create',
          path: file.path,
          executable: file.executable,
          bytes: Buffer.byteLength(file.content),
          sha256: createHash('sha256').update(file.content).digest('hex'),
        }));
        expect(plan.changes).toEqual(written);
      }),
      { numRuns: 10 },
    );
  }, 60_000);

  it('applying a plan makes what was planned, from any tree to any other', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, anyTree, async (before, after) => {
        // A file may not become a folder of the same name or the other way round.
        fc.pre(
          ![...before.keys()].some((path) =>
            [...after.keys()].some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`)),
          ),
        );
        const dir = await scratch();
        await applyChanges({ dir, state: 'empty', entries: [] }, planChanges(new Map(), before));
        const changes = planChanges(before, after);
        await applyChanges(inspectTarget(dir), changes);
        expect(await treeOnDisk(dir)).toEqual(after);
        expect(changed(before, changes)).toEqual(after);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('applying to a new folder and to an empty one gives the same tree', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, async (tree) => {
        const cwd = await scratch();
        await mkdir(join(cwd, 'empty'));
        for (const name of ['new', 'empty']) {
          await applyChanges(inspectTarget(join(cwd, name)), planChanges(new Map(), tree));
          expect(await treeOnDisk(join(cwd, name))).toEqual(tree);
        }
        expect((await readdir(cwd)).sort()).toEqual(['empty', 'new']);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('nothing changes when the tree is what it should be', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(planChanges(tree, tree)).toEqual([]);
      }),
    );
  });

  it('a plan never leaves its target', async () => {
    const root = await scratch();
    const odd = fc.constantFrom('..', '.', '', 'a', '.git', 'C:', '\\', '/', '~', 'a\0b', ' ', '...', '....');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(odd).map((parts) => parts.join('/')),
        ),
        async (path) => {
          const place = await placeInside(root, path).catch(() => undefined);
          if (place === undefined) {
            expect(() => checkPath(path, 'a layer')).toThrow('outside');
          } else {
            expect(resolve(place).startsWith(root + sep)).toBe(true);
            expect(place.startsWith(join(root, '.git') + sep)).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
