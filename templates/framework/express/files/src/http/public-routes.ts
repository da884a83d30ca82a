import { Router } from 'express';
import type { Services } from '../app.ts';
import { openApiDocument } from '../openapi.ts';
import { createReadiness } from './readiness.ts';

/** What answers without a credential, and without a tenant. */
export async function publicRoutes({ database }: Services): Promise<Router> {
  const document = JSON.stringify(openApiDocument());
  const readiness = await createReadiness(database);
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });

  router.get('/readyz', async (_request, response) => {
    response.json(await readiness());
  });

  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(document);
  });

  return router;
}
