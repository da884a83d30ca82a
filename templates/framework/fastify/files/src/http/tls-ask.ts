import type { FastifyInstance } from 'fastify';
import type { Services } from '../app.ts';
import { assertServed } from '../platform/domains/certificates.ts';
import { incomingOf } from './headers.ts';

/** Asked by a TLS proxy before it gets a certificate for a host. */
export async function tlsAskRoutes(app: FastifyInstance, services: Services): Promise<void> {
  app.get<{ Querystring: { readonly domain?: unknown } }>('/tls/ask', async (request, reply) => {
    await assertServed(request.query.domain, incomingOf(request.raw), services);
    return reply.send();
  });
}
