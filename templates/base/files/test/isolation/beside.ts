import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Ground } from './arena.ts';
import { attackCopy } from './attack.ts';
import type { Group, Mode } from './finding.ts';
import type { GroupName } from './groups.ts';

interface Order {
  readonly ground: Ground;
  readonly mode: Mode;
  readonly names: readonly GroupName[];
}

/** Attacks a copy of the prepared database in a thread of its own, which a second core can run. Only from the bundle: a thread could not import TypeScript. */
export async function attackBeside(order: Order): Promise<readonly Group[]> {
  const thread = new Worker(new URL(import.meta.url), { workerData: order });
  return await new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('The thread that attacks the database ended early.')));
  });
}

/** What that thread does. */
export async function obey(): Promise<void> {
  const { ground, mode, names } = workerData as Order;
  const { groups } = await attackCopy(ground, mode, names, () => {});
  parentPort?.postMessage(groups);
}
