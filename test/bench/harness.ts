import { readFileSync } from 'node:fs';
import type pg from 'pg';

/** What one slot of work came to. */
export interface Slot {
  readonly operations: number;
  /** Operations per second. */
  readonly throughput: number;
  /** Microseconds of CPU per operation: this process and whatever `cpuOf` counts besides. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** One operation; it throws when it did not do what it is measured for. */
export type Operation = () => Promise<unknown>;

export interface Load {
  /** Operations in flight at once. */
  readonly clients: number;
  readonly slotMs?: number;
  readonly pairs?: number;
  /** Microseconds of CPU that other processes have used for the work. */
  readonly otherCpu?: () => number;
}

/** The ratios of a subject to its baseline: each is the median over pairs of slots that lay side by side. */
export interface Comparison {
  readonly throughput: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  /** The middle half of the throughput ratios: how far apart the pairs were. */
  readonly spread: readonly [number, number];
  readonly pairs: number;
  /** Medians of the slots, which say as much about the machine. */
  readonly absolute: { readonly baseline: Slot; readonly subject: Slot };
}

export const fewestPairs = 11;

/** Runs an operation for the time of a slot, with so many in flight at once. */
export async function slot(operation: Operation, { clients, slotMs = 120, otherCpu = () => 0 }: Load): Promise<Slot> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const others = otherCpu();
  const start = performance.now();
  const end = start + slotMs;
  const client = async () => {
    for (let now = performance.now(); now < end;) {
      await operation();
      const after = performance.now();
      latencies.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const operations = latencies.length;
  latencies.sort((a, b) => a - b);
  return {
    operations,
    throughput: operations / seconds,
    cpu: (user + system + otherCpu() - others) / operations,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Measures a subject against its baseline, slot beside slot, in turns the one and the other first. */
export async function compare(baseline: Operation, subject: Operation, load: Load): Promise<Comparison> {
  const pairs = load.pairs ?? fewestPairs;
  for (const warm of [baseline, subject]) await slot(warm, load);
  const measured: { readonly baseline: Slot; readonly subject: Slot }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      const first = await slot(baseline, load);
      measured.push({ baseline: first, subject: await slot(subject, load) });
    } else {
      const first = await slot(subject, load);
      measured.push({ subject: first, baseline: await slot(baseline, load) });
    }
  }
  return compareSlots(measured);
}

/** The comparison of slots that were measured in some other way, for example by another process. */
export function compareSlots(measured: readonly { readonly baseline: Slot; readonly subject: Slot }[]): Comparison {
  const ratios = (key: keyof Slot) => measured.map(({ baseline, subject }) => subject[key] / baseline[key]);
  const middle = (which: 'baseline' | 'subject'): Slot => {
    const of = (key: keyof Slot) => median(measured.map((pair) => pair[which][key]));
    return {
      operations: of('operations'),
      throughput: of('throughput'),
      cpu: of('cpu'),
      p50: of('p50'),
      p99: of('p99'),
    };
  };
  const throughput = ratios('throughput').sort((a, b) => a - b);
  return {
    throughput: median(throughput),
    cpu: median(ratios('cpu')),
    p50: median(ratios('p50')),
    p99: median(ratios('p99')),
    spread: [quantile(throughput, 0.25), quantile(throughput, 0.75)],
    pairs: measured.length,
    absolute: { baseline: middle('baseline'), subject: middle('subject') },
  };
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/**
 * Counts the CPU of the server's processes in microseconds, those of connections that are opened later too. Only Linux tells: elsewhere it stays 0, and ratios of CPU
 * are those of Node alone.
 */
export async function backendCpu(admin: pg.ClientBase): Promise<() => number> {
  const { rows } = await admin.query<{ pid: number }>('select pg_backend_pid() as pid');
  // pid (program) state parent ...
  const parent = read(`/proc/${rows[0]?.pid}/stat`).split(') ')[1]?.split(' ')[1];
  const used = new Map<string, number>();
  return () => {
    for (const pid of read(`/proc/${parent}/task/${parent}/children`).split(' ')) {
      const nanoseconds = Number.parseInt(read(`/proc/${pid}/schedstat`), 10);
      if (!Number.isNaN(nanoseconds)) used.set(pid, nanoseconds);
    }
    return [...used.values()].reduce((sum, each) => sum + each, 0) / 1000;
  };
}

/** Nothing when it is not there: the process has ended, or this is not Linux. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
