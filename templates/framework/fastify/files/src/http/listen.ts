import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.ts';

/** Takes requests. Fastify itself tells the log where, in a line for each address of the machine. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
  _log: Logger,
): Promise<void> {
  await app.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` });
}
