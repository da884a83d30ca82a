import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ServerOptions } from './serve.ts';

export type { DataLayer } from './serve.ts';

/** The application in a process of its own. */
export interface Server {
  readonly port: number;
  /** Microseconds of CPU that it has used. */
  readonly cpu: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Resolves when the server listens. Its log goes nowhere, at the cost of writing it. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'serve.ts'), [JSON.stringify(options)], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<never>((_, reject) => child.once('exit', () => reject(new Error('the server ended'))));
  const message = async () => (await Promise.race([once(child, 'message'), ended]))[0] as unknown;
  ended.catch(() => {}); // It is heard where somebody waits for a message.
  return {
    port: (await message()) as number,
    cpu: async () => {
      child.send('cpu');
      const { user, system } = (await message()) as NodeJS.CpuUsage;
      return user + system;
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await ended.catch(() => {});
    },
  };
}
