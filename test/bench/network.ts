import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Network {
  /** The same database by way of the proxy. */
  readonly through: (url: string) => string;
  /** How often a client has spoken after the server did, on all connections: round trips. */
  readonly roundTrips: () => Promise<number>;
  readonly close: () => void;
}

/** A network between the application and the server: `delay` in milliseconds is what a round trip takes longer. */
export async function createNetwork(url: string, delay = 0): Promise<Network> {
  const { hostname, port } = new URL(url);
  const proxy = fork(join(import.meta.dirname, 'proxy.ts'), [hostname, port, String(delay)]);
  const [opened] = (await once(proxy, 'message')) as [{ readonly port: number }];
  return {
    through: (other) => Object.assign(new URL(other), { hostname: '127.0.0.1', port: String(opened.port) }).href,
    roundTrips: async () => {
      proxy.send('turns');
      const [told] = (await once(proxy, 'message')) as [{ readonly turns: number }];
      return told.turns;
    },
    close: () => proxy.disconnect(),
  };
}
