import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { quantile, type Slot } from '../harness.ts';
import type { Order, Report, Served } from './load.ts';

export type { Party, Served } from './load.ts';

/** Sends load from a process of its own. */
export interface Generator {
  /** What each party got. Throws when an answer was not what the order says. */
  readonly send: (order: Order) => Promise<readonly Served[]>;
  readonly close: () => void;
}

export function createGenerator(): Generator {
  const child = fork(join(import.meta.dirname, 'load.ts'), { serialization: 'advanced' });
  return {
    send: async (order) => {
      child.send(order);
      const [report] = (await once(child, 'message')) as [Report];
      if ('error' in report) throw new Error(report.error);
      return report.served;
    },
    close: () => child.disconnect(),
  };
}

/** What a party got, as a slot; `cpu` is what was used for it, in microseconds. */
export function slotOf({ latencies, seconds }: Served, cpu: number): Slot {
  const sorted = [...latencies].sort((a, b) => a - b);
  const operations = sorted.length;
  return {
    operations,
    throughput: operations / seconds,
    cpu: cpu / operations,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}
