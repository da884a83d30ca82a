import type { RouteHandlerMethod } from 'fastify';
import type { ApplicationSteps } from '../steps.ts';
import type { Database } from '../tenancy/database.ts';
import { headerValues } from './headers.ts';
import { callerOf, idempotencyKey, keptHeaders } from './idempotency.ts';
import type { Operation } from './operation.ts';

/** A handler that does its work once for all requests with the same Idempotency-Key. */
export function repeatable(
  operation: Operation,
  database: Database,
  handler: RouteHandlerMethod,
  { answerOnce }: ApplicationSteps,
): RouteHandlerMethod {
  const { id, response } = operation;
  return async function (request, reply) {
    const key = idempotencyKey(headerValues(request.raw.rawHeaders, 'idempotency-key'));
    if (key === undefined) return await handler.call(this, request, reply);
    const { access, params, query, body } = request;
    const content = { id, params, query, body };
    const answer = await answerOnce(database, { key, caller: callerOf(access), content }, async () => {
      const value: unknown = await handler.call(this, request, reply);
      const written = response.schema && JSON.stringify(response.schema.parse(value));
      return { status: response.status, headers: keptHeaders((name) => reply.getHeader(name)), body: written };
    });
    if (reply.sent) return reply; // It took too long: the client was told so, and may ask again.
    reply.code(answer.status).headers(answer.headers);
    if (answer.body !== undefined) reply.type('application/json; charset=utf-8');
    return reply.send(answer.body);
  };
}
