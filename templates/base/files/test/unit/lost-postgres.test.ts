import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../scripts/postgres/cluster.ts';
import { makeThrowawayHome } from '../../scripts/postgres/places.ts';
import { findBinaries } from '../setup/binaries.ts';
import { withClient } from '../setup/database.ts';

const binaries = findBinaries();
let home: string;
let cluster: Cluster;
let lost: boolean;
beforeEach(async () => {
  home = makeThrowawayHome();
  cluster = await startCluster({ binaries, home, outlive: 'nothing' });
  lost = false;
  cluster.onLost?.(() => (lost = true));
});
afterEach(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

const query = (text: string) => withClient(cluster.adminUrl, (client) => client.query(text));

describe('a PostgreSQL that this process started', () => {
  it('is told to be lost when somebody else ends it', async () => {
    process.kill(Number(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT');
    await expect.poll(() => lost, { timeout: 10_000 }).toBe(true);
  });

  it('goes to another port when somebody else is on its own', async () => {
    const port = Number(new URL(cluster.adminUrl).port);
    await cluster.stop();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    cluster = await startCluster({ binaries, home, outlive: 'nothing' });
    expect(Number(new URL(cluster.adminUrl).port)).not.toBe(port);
    other.close();
  });

  it('keeps its data when what is written beside them was cut off', async () => {
    await query('create table kept ()');
    await cluster.stop();
    writeFileSync(join(home, 'cluster.json'), '{"pid":1,"pass');
    cluster = await startCluster({ binaries, home, outlive: 'nothing' });
    expect((await query('table kept')).rows).toEqual([]);
  });

  it('is not when it is stopped', async () => {
    await cluster.stop();
    await pause(50);
    expect(lost).toBe(false);
  });
});
