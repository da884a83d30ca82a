import type { FastifyInstance } from 'fastify';
import type { Services } from '../app.ts';
import { openApiDocument } from '../openapi.ts';
import { missingMigrations, readMigrations } from '../platform/migration-files.ts';
import { Problem } from './problem.ts';

/** What answers without a credential, and without a tenant. */
export async function publicRoutes(app: FastifyInstance, { database }: Services): Promise<void> {
  const document = JSON.stringify(openApiDocument());
  const migrations = await readMigrations();

  app.get('/healthz', () => ({ status: 'alive' }));

  app.get('/readyz', async () => {
    const { rows } = await database.lookup<{ version: string[] }>({
      text: 'select platform.schema_version() as version',
    });
    const missing = missingMigrations(migrations, rows[0]?.version ?? []);
    if (missing.length > 0) throw new Problem(503, `The database lacks ${missing.length} migrations.`);
    return { status: 'ready' };
  });

  app.get('/openapi.json', (_request, reply) => {
    reply.type('application/json; charset=utf-8');
    return document;
  });
}
