import type { Logger } from '../log.ts';
import { announce } from './announce.ts';
import type { Application } from './serve.ts';

/** Takes requests, and tells the log where. */
export async function listen(
  app: Application,
  { host, port }: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<void> {
  await app.listen({ host, port });
  announce(app.server, host, log);
}
