import type { FastifyInstance } from 'fastify';
import type { Services } from '../app.ts';
import { openApiDocument } from '../openapi.ts';
import { createReadiness } from './readiness.ts';

/** What answers without a credential, and without a tenant. */
export async function publicRoutes(app: FastifyInstance, { database }: Services): Promise<void> {
  const document = JSON.stringify(openApiDocument());
  const readiness = await createReadiness(database);

  app.get('/healthz', () => ({ status: 'alive' }));

  app.get('/readyz', readiness);

  app.get('/openapi.json', (_request, reply) => {
    reply.type('application/json; charset=utf-8');
    return document;
  });
}
