import type { FastifyInstance } from 'fastify';
import type { Services } from '../app.ts';
import { openApiDocument } from '../openapi.ts';
import { assertMayReadMetrics } from '../telemetry/access.ts';
import { docsPage } from './docs/page.ts';
import { createReadiness } from './readiness.ts';

/** What answers without a credential, and without a tenant. */
export async function publicRoutes(app: FastifyInstance, { config, database, metrics }: Services): Promise<void> {
  const document = openApiDocument();
  const docs = docsPage(document);
  const json = JSON.stringify(document);
  const readiness = await createReadiness(database);

  app.get('/healthz', () => ({ status: 'alive' }));

  app.get('/readyz', readiness);

  app.get('/metrics', async (request, reply) => {
    assertMayReadMetrics(config, request.headers.authorization);
    const { type, text } = await metrics.page();
    return reply.type(type).send(text);
  });

  app.get('/docs', (_request, reply) => reply.headers(docs.headers).send(docs.html));

  app.get('/openapi.json', (_request, reply) => {
    reply.type('application/json; charset=utf-8');
    return json;
  });
}
