import { cutOffAfter } from './cut-off.ts';

/**
 * Does something by way of connections that are cut off after nothing, after the first thing that may last, after the
 * second, and so on. In between there are only reads, and transactions that the server forgets: to be cut off there is
 * the same. Returns how often it was cut off, and how many round trips it takes as a whole.
 */
export async function cutOffEverywhere(
  databaseUrl: string,
  work: (url: string, n: number) => Promise<unknown>,
  afterwards: (n: number) => Promise<unknown> = async () => {},
): Promise<{ readonly cuts: number; readonly trips: number }> {
  for (let n = 0; ; n++) {
    const proxy = await cutOffAfter(databaseUrl, n);
    try {
      const failure = await work(proxy.url, n).then(
        () => undefined,
        (error: Error) => error,
      );
      // Nothing was cut off: now it has to work.
      if (!proxy.isCut() && failure !== undefined) throw failure;
      await afterwards(n);
      if (!proxy.isCut()) return { cuts: n, trips: proxy.trips() };
    } finally {
      await proxy.close();
    }
  }
}
