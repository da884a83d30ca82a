import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import type { Application } from './serve.ts';

/** Takes requests, and tells the log where. */
export async function listen(
  app: Application,
  { host, port }: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<void> {
  await app.listen({ host, port });
  const { port: taken } = app.server.address() as AddressInfo;
  log.info(`listening on http://${host}:${taken}`);
}
