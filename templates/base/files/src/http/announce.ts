import type { AddressInfo, Server } from 'node:net';
import type { Logger } from '../log.ts';

/** Tells the log, in one line, where a server takes requests; `host` is the address that it was told to listen on. */
export function announce(server: Server, host: string, log: Logger): void {
  const { port } = server.address() as AddressInfo;
  log.info(`listening on http://${host.includes(':') ? `[${host}]` : host}:${port}`);
}
