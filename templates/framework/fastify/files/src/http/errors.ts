import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allowedMethods } from './allowed-methods.ts';
import { databaseProblem } from './database-problem.ts';
import { Problem, problemContentType, problemDocument } from './problem.ts';

/** Every answer that is no success is a problem document. What the server did not expect is logged whole and told as little as possible. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: unknown, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    return send(reply, request, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(request.url);
    const problem =
      allowed.length === 0 ? new Problem(404) : new Problem(405, undefined, { headers: { allow: allowed.join(', ') } });
    return send(reply, request, problem);
  });
}

function send(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', problemContentType)
    .send(JSON.stringify(problemDocument(problem, request.id)));
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const known = databaseProblem(error);
  if (known !== undefined) return known;
  // Fastify's own: a body that is no JSON, too large, of another type. Its messages may repeat what was sent.
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  return new Problem(typeof status === 'number' && status >= 400 && status < 500 ? status : 500);
}
