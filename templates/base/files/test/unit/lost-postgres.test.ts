import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../scripts/postgres/cluster.ts';
import { makeThrowawayHome } from '../../scripts/postgres/places.ts';
import { findBinaries } from '../setup/binaries.ts';

let home: string;
let cluster: Cluster;
let lost: boolean;
beforeEach(async () => {
  home = makeThrowawayHome();
  cluster = await startCluster({ binaries: findBinaries(), home, outlive: 'nothing' });
  lost = false;
  cluster.onLost?.(() => (lost = true));
});
afterEach(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

describe('a PostgreSQL that this process started', () => {
  it('is told to be lost when somebody else ends it', async () => {
    process.kill(Number(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT');
    await expect.poll(() => lost, { timeout: 10_000 }).toBe(true);
  });

  it('is not when it is stopped', async () => {
    await cluster.stop();
    await pause(50);
    expect(lost).toBe(false);
  });
});
