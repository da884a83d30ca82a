import { cutOffAt } from './cut-off.ts';

/** Does something by way of connections that are cut off at each of their round trips, one after the other; returns how many there were. */
export async function cutOffEverywhere(
  databaseUrl: string,
  work: (url: string, n: number) => Promise<unknown>,
  afterwards: (n: number) => Promise<unknown> = async () => {},
): Promise<number> {
  for (let n = 1; ; n++) {
    const proxy = await cutOffAt(databaseUrl, n);
    try {
      const failure = await work(proxy.url, n).then(
        () => undefined,
        (error: Error) => error,
      );
      // Nothing was cut off: now it has to work.
      if (proxy.trips() < n && failure !== undefined) throw failure;
      await afterwards(n);
      if (proxy.trips() < n) return n - 1;
    } finally {
      await proxy.close();
    }
  }
}
