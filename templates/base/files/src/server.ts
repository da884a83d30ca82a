import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { createLog } from './log.ts';
import { TenancyError } from './tenancy/errors.ts';
import { openDatabase } from './tenancy/open.ts';

/** Longer than any request may take; what still runs then is cut off. */
const closeTimeoutMs = 20_000;

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ level: config.logLevel });
  const database = await openDatabase({ ...config, onWarning: (message) => log.warn(message) });
  const app = await createApp({ config, database, log });

  let closing = false;
  const close = (signal: string) => {
    if (closing) return;
    closing = true;
    log.info({ signal }, 'closing');
    setTimeout(() => {
      log.error('requests did not end in time');
      process.exit(1);
    }, closeTimeoutMs).unref();
    // First the requests, then what they need.
    app
      .close()
      .then(() => database.close())
      .then(() => log.info('closed'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'closing failed');
        process.exitCode = 1;
      });
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);

  await app.listen({ host: config.host, port: config.port });
  const { port } = app.server.address() as AddressInfo;
  log.info({ port }, `listening on http://${config.host}:${port}`);
}

start().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof TenancyError;
  console.error(expected ? error.message : error);
  process.exit(1);
});
