import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApplicationSteps } from '../steps.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { deadline } from './deadline.ts';
import { setSecurityHeaders } from './headers.ts';
import { callerOf } from './idempotency.ts';
import { timeoutProblem } from './problem-of.ts';

/** Gives every request its headers, observes it, and bounds the time that it may take. */
export function beginRequest(metrics: Metrics, timeoutMs: number, { observe }: ApplicationSteps) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    setSecurityHeaders(reply.raw);
    reply.header('x-request-id', request.id);
    request.deadline = deadline(timeoutMs);
    // Fastify's handlerTimeout ends as soon as the body was read.
    const timer = setTimeout(() => {
      if (!reply.sent) void reply.send(timeoutProblem(request.raw));
    }, timeoutMs);
    reply.raw.once('close', () => clearTimeout(timer));
    request.trace = observe(metrics, request.raw, reply.raw, () => ({
      route: request.routeOptions.config?.operation?.path ?? request.routeOptions.url,
      tenant: request.access?.tenant.id,
      caller: request.access && callerOf(request.access),
      log: request.log,
    }));
  };
}
