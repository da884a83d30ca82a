/**
 * Counts what happens in windows of time. In the memory of this process by default; processes that should count
 * together share a store (Redis, PostgreSQL) behind this interface.
 */
export interface WindowCounter {
  /** Adds one to a key. Returns the count in the window that is open now, and when that ends. */
  readonly add: (key: string) => Promise<{ readonly count: number; readonly endsInMs: number }>;
}

/** Windows start with the clock's, for all keys at once: what was counted in the last one needs no clearing up. */
export function createMemoryCounter(windowMs: number, now: () => number = Date.now): WindowCounter {
  let end = 0;
  let counts = new Map<string, number>();
  return {
    async add(key) {
      const time = now();
      if (time >= end) {
        end = (Math.floor(time / windowMs) + 1) * windowMs;
        counts = new Map();
      }
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return { count, endsInMs: end - time };
    },
  };
}
