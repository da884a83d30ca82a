import { randomInt } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../../scripts/postgres/cluster.ts';
import { makeThrowawayHome } from '../../scripts/postgres/places.ts';
import { findBinaries } from './binaries.ts';

/** A PostgreSQL that a test may do to what it would to nobody else's: what was committed is there afterwards, every connection is gone. */
export interface OwnCluster {
  readonly adminUrl: string;
  /** Ends it in order, and starts it again. */
  readonly restart: () => Promise<void>;
  /** Ends it at once, as a crash would, and starts it again, after what is done `meanwhile`. */
  readonly crash: (meanwhile?: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startOwnCluster(): Promise<OwnCluster> {
  const home = makeThrowawayHome();
  const binaries = findBinaries();
  // Not one of those that systems give to whoever asks for any: while the server is down nobody gets it.
  const port = randomInt(20_000, 30_000);
  const start = () => startCluster({ binaries, home, outlive: 'server', port });
  let cluster = await start();
  const restart = async (meanwhile = async () => {}) => {
    await cluster.stop();
    await meanwhile();
    cluster = await start();
  };
  return {
    adminUrl: cluster.adminUrl,
    restart: () => restart(),
    crash: async (meanwhile) => {
      const [pid] = readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), 'SIGQUIT');
      while (isAlive(Number(pid))) await pause(10);
      await restart(meanwhile);
    },
    stop: async () => {
      await cluster.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
