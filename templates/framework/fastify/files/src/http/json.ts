import type { FastifyInstance } from 'fastify';

/** JSON is the only kind of body. An empty one is none: many clients announce JSON with every request, a DELETE too. */
export function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null);
    else return parse(request, body, done);
  });
}
