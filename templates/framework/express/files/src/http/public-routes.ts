import { Router } from 'express';
import type { Services } from '../app.ts';
import { openApiDocument } from '../openapi.ts';
import { assertMayReadMetrics } from '../telemetry/access.ts';
import { docsPage } from './docs/page.ts';
import { createReadiness } from './readiness.ts';

/** What answers without a credential, and without a tenant. */
export async function publicRoutes({ config, database, metrics }: Services): Promise<Router> {
  const document = openApiDocument();
  const docs = docsPage(document);
  const json = JSON.stringify(document);
  const readiness = await createReadiness(database);
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'alive' });
  });

  router.get('/readyz', async (_request, response) => {
    response.json(await readiness());
  });

  router.get('/metrics', async (request, response) => {
    assertMayReadMetrics(config, request.headers.authorization);
    const { type, text } = await metrics.page();
    response.set('content-type', type).send(text);
  });

  router.get('/docs', (_request, response) => {
    response.set(docs.headers).send(docs.html);
  });

  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(json);
  });

  return router;
}
