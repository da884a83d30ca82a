import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from './metrics.ts';
import { type RequestTrace, traceRequest } from './tracing.ts';

/** What is known of a request when it ends. */
export interface Ending {
  /** The route's template; the path and the query may hold what should be in no log. */
  readonly route: string | undefined;
  readonly tenant: string | undefined;
  /** Whose credentials it came with. */
  readonly caller: readonly string[] | undefined;
  readonly log: { readonly info: (fields: object, message: string) => void };
}

/** The client went away before the answer: nginx's number for it, nobody gets to see it. */
const gone = 499;

/** Logs, counts and traces a request until its response ended. */
export function observe(
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
  ending: () => Ending,
): RequestTrace {
  const start = performance.now();
  const { method = '' } = request;
  const trace = traceRequest(request);
  response.once('close', () => {
    const milliseconds = performance.now() - start;
    const { route, tenant, caller, log } = ending();
    const status = response.writableFinished ? response.statusCode : gone;
    log.info({ caller, method, route, status, ms: Math.round(milliseconds) }, 'request');
    metrics.finished({ method, route, status, seconds: milliseconds / 1000 });
    trace.end({ route, status, tenant });
  });
  return trace;
}
