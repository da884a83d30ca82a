import { Router } from 'express';
import type { Services } from '../app.ts';
import { assertServed } from '../platform/domains/certificates.ts';
import { incomingOf } from './headers.ts';

/** Asked by a TLS proxy before it gets a certificate for a host. */
export function tlsAskRoutes(services: Services): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/tls/ask', async (request, response) => {
    await assertServed(request.query['domain'], incomingOf(request), services);
    response.end();
  });

  return router;
}
