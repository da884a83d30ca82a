import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type * as FileSystem from 'node:fs/promises';
import { applyChanges } from '../../generators/disk/apply.ts';
import { inspectTarget } from '../../generators/disk/target.ts';
import { planChanges } from '../../generators/engine/changes.ts';
import { toTree } from '../../generators/engine/tree.ts';
import { filesBelow, scratch } from './terminal.ts';

/** The call to the file system that fails, counted from 1; 0 is none. */
const disk = vi.hoisted(() => ({ failAt: 0, calls: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  const counted =
    <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      disk.calls += 1;
      if (disk.calls === disk.failAt) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return act(...args);
    };
  return {
    ...real,
    writeFile: counted(real.writeFile),
    rename: counted(real.rename),
    mkdir: counted(real.mkdir as never),
  };
});

beforeEach(() => {
  disk.failAt = 0;
});

const file = (path: string, content: string) => ({ path, content, executable: false });
const before = toTree([file('keep.txt', '1'), file('old/gone.txt', '2'), file('src/app.ts', '3')]);
const after = toTree([
  file('keep.txt', '1'),
  file('src/app.ts', 'new'),
  file('src/deep/new.ts', '4'),
  file('z.txt', '5'),
]);

describe('a change that fails', () => {
  it('at any step leaves the folder as it was', async () => {
    const changes = planChanges(before, after);
    for (let step = 1; ; step++) {
      const dir = await scratch();
      disk.failAt = 0;
      for (const { path, content } of before.values()) {
        await mkdir(join(dir, path, '..'), { recursive: true });
        await writeFile(join(dir, path), content);
      }
      const original = await filesBelow(dir);
      const entries = (await readdir(dir, { recursive: true })).sort();
      disk.calls = 0;
      disk.failAt = step;
      const done = await applyChanges(inspectTarget(dir), changes).then(
        () => true,
        () => false,
      );
      if (done) {
        expect(step).toBeGreaterThan(10);
        return;
      }
      disk.failAt = 0;
      expect(await filesBelow(dir), `step ${step}`).toEqual(original);
      expect((await readdir(dir, { recursive: true })).sort()).toEqual(entries);
      await rm(dir, { recursive: true });
    }
  });

  it('does not overwrite what changed since the plan was made', async () => {
    const dir = await scratch();
    await writeFile(join(dir, 'a.txt'), 'mine');
    const changes = planChanges(toTree([file('a.txt', 'was')]), toTree([file('a.txt', 'new')]));
    await expect(applyChanges(inspectTarget(dir), changes)).rejects.toMatchObject({ code: 'changed-meanwhile' });
    expect(await filesBelow(dir)).toEqual(new Map([['a.txt', 'mine']]));
  });
});
