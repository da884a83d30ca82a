import type { RequestHandler } from 'express';
import type { Logger } from '../log.ts';
import type { ApplicationSteps } from '../steps.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestTrace } from '../telemetry/tracing.ts';
import { deadline } from './deadline.ts';
import { sendProblem } from './errors.ts';
import { setSecurityHeaders } from './headers.ts';
import { callerOf } from './idempotency.ts';
import { timeoutProblem } from './problem-of.ts';
import { Problem } from './problem.ts';
import { requestId } from './request-id.ts';

declare global {
  namespace Express {
    interface Request {
      /** In the header x-request-id, in problem documents and in every line of the log. */
      id: string;
      log: Logger;
      /** When it has to be done with the database. */
      deadline: number;
      /** The span of the request. */
      trace: RequestTrace;
    }
  }
}

/** Gives every request its id and its log, observes it, and bounds the time that this may take. */
export function beginRequest(
  log: Logger,
  metrics: Metrics,
  timeoutMs: number,
  { observe }: ApplicationSteps,
): RequestHandler {
  return (request, response, next) => {
    request.id = requestId(request.headers['x-request-id']);
    request.log = log.child({ requestId: request.id });
    response.set('x-request-id', request.id);
    setSecurityHeaders(response);
    request.deadline = deadline(timeoutMs);
    const timer = setTimeout(() => {
      const problem = timeoutProblem(request);
      if (problem.status >= 500) request.log.error({ timeoutMs }, 'request timed out');
      sendProblem(request, response, problem);
    }, timeoutMs);
    response.once('close', () => clearTimeout(timer));
    request.trace = observe(metrics, request, response, () => ({
      route: request.operation?.path ?? (request.route as { readonly path?: string } | undefined)?.path,
      tenant: request.access?.tenant.id,
      caller: request.access && callerOf(request.access),
      log: request.log,
    }));
    next();
  };
}

/** Refuses a path that cannot be decoded, whether there is a route for it or not. */
export const refuseBadUrl: RequestHandler = (request, _response, next) => {
  try {
    decodeURIComponent(request.path);
  } catch (error) {
    throw new Problem(400, undefined, { cause: error });
  }
  next();
};
