import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.ts';
import { announce } from './announce.ts';

/** Takes requests, and tells the log where. Fastify itself would do so in a line for each address of the machine. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<void> {
  const silent = log.child({}, { level: 'silent' });
  const quiet = Object.create(app, { log: { value: silent } }) as FastifyInstance;
  await quiet.listen({ host, port });
  announce(app.server, host, log);
}
