import type { AddressInfo } from 'node:net';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { closeGently } from '../../src/http/closing.ts';
import { listen } from '../../src/http/listen.ts';
import { createLog, type Logger } from '../../src/log.ts';
import type { ApplicationSteps } from '../../src/steps.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { external } from './external.ts';

export interface RunningApplication {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly close: () => Promise<void>;
  /** As server.ts ends it, which takes a moment. */
  readonly closeGently: (idleMs: number) => Promise<void>;
}

/** The application on a free port, as server.ts starts it; a test may replace a step, watch the log, or name an address. */
export async function startApplication(
  environment: Readonly<Record<string, string>>,
  more: { readonly steps?: ApplicationSteps; readonly log?: Logger; readonly host?: string } = {},
): Promise<RunningApplication> {
  const config = readConfig({
    TENANT_REQUESTS_PER_MINUTE: '1000000',
    TENANT_CONCURRENT_REQUESTS: '1000',
    ...environment,
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
  });
  const log = more.log ?? createLog({ level: config.logLevel });
  const database = await openDatabase(config, more.steps?.database);
  try {
    const app = await createApp({ config, database, log, ...external }, more.steps);
    await listen(app, { host: more.host ?? '127.0.0.1', port: 0 }, log);
    const { port } = app.server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      close: async () => {
        await app.close();
        await database.close();
      },
      closeGently: async (idleMs) => {
        await closeGently(app, idleMs);
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
