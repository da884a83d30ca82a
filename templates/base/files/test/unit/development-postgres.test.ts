import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCluster } from '../../scripts/postgres/cluster.ts';
import { isOwn, makeThrowawayHome } from '../../scripts/postgres/places.ts';

let home: string;
beforeEach(() => {
  home = makeThrowawayHome();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** None, unless a test writes them. */
const binaries = () => ({ kind: 'system', directory: home, environment: {}, installation: home }) as const;

describe('the data of a PostgreSQL', () => {
  it.skipIf(process.platform === 'win32')(
    'are marked before they are made, so that a second run sees the first',
    async () => {
      writeFileSync(join(home, 'initdb'), '#!/bin/sh\ntest -e cluster.json && echo marked >&2\nexit 1\n', {
        mode: 0o755,
      });
      await expect(startCluster({ binaries: binaries(), home, outlive: 'nothing' })).rejects.toThrow(
        'initdb failed: marked',
      );
      expect(existsSync(join(home, 'data'))).toBe(false);
    },
  );

  it("are marked by a file that is never half written, in place of a dead run's", async () => {
    const [mark, before] = [join(home, 'cluster.json'), join(home, 'before')];
    writeFileSync(mark, '{}');
    linkSync(mark, before);
    await expect(startCluster({ binaries: binaries(), home, outlive: 'nothing' })).rejects.toThrow('initdb failed');
    expect(readFileSync(mark, 'utf8')).toContain('"password"');
    expect(readFileSync(before, 'utf8')).toBe('{}');
  });

  it.skipIf(process.platform === 'win32')("are another user's where PostgreSQL would not run as their owner", () => {
    // Root's: PostgreSQL does not run as root.
    expect(isOwn('/')).toBe(false);
    expect(isOwn(join(home, 'nothing'))).toBe(true);
  });
});
