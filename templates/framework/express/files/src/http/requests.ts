import type { RequestHandler } from 'express';
import type { Logger } from '../log.ts';
import { sendProblem } from './errors.ts';
import { Problem } from './problem.ts';
import { requestId } from './request-id.ts';

declare global {
  namespace Express {
    interface Request {
      /** In the header x-request-id, in problem documents and in every line of the log. */
      id: string;
      log: Logger;
    }
  }
}

/** Gives every request its id and its log, logs it when it was answered, and bounds the time that this may take. */
export function beginRequest(log: Logger, timeoutMs: number): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    request.id = requestId(request.headers['x-request-id']);
    request.log = log.child({ requestId: request.id });
    response.set('x-request-id', request.id);
    const timer = setTimeout(() => {
      request.log.error({ timeoutMs }, 'request timed out');
      sendProblem(request, response, new Problem(503));
    }, timeoutMs);
    response.once('close', () => clearTimeout(timer));
    // The route, not the URL: a query may hold what should not be in a log.
    response.once('finish', () => {
      const { method } = request;
      const route = (request.route as { readonly path?: string } | undefined)?.path;
      const ms = Math.round(performance.now() - start);
      request.log.info({ method, route, status: response.statusCode, ms }, 'request');
    });
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
