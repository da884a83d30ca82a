import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from './json-body.ts';

/** JSON is the only kind of body, whatever the request says that it is. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => readJson(request.raw, request.bodyBytes));
}
