import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApplicationSteps } from '../steps.ts';
import { Problem, problemContentType, problemDocument } from './problem.ts';

/**
 * Every answer that is no success is a problem document. What the server did not expect is logged whole and told as
 * little as possible.
 */
export function answerWithProblems(app: FastifyInstance, { problemOf }: ApplicationSteps): void {
  app.setErrorHandler((error: unknown, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    return send(reply, request, problem);
  });
}

/** The same for a URL that cannot be decoded, for which no hook runs; Fastify's own answer would repeat it. */
export function answerBadUrl(begin: (request: FastifyRequest, reply: FastifyReply) => void) {
  return (_error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    begin(request, reply);
    void send(reply, request, new Problem(400));
  };
}

function send(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', problemContentType)
    .send(JSON.stringify(problemDocument(problem, request.id)));
}
