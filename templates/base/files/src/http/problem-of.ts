import type { IncomingMessage } from 'node:http';
import { allowedMethods } from './allowed-methods.ts';
import { databaseProblem } from './database-problem.ts';
import { Problem } from './problem.ts';

/**
 * What an error is to the client. An error with a `statusCode` is the framework's own: a body that is no JSON, too
 * large, of another type, cut off. Its message may repeat what was sent.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) return new Problem(status);
  return databaseProblem(error) ?? new Problem(500);
}

/** What a request gets that was not answered in time: it came too slowly, or took too long. */
export function timeoutProblem({ complete }: IncomingMessage): Problem {
  return complete
    ? new Problem(503, undefined, { headers: { 'retry-after': '1' } })
    : new Problem(408, undefined, { headers: { connection: 'close' } });
}

/** What a request to a path or with a method that is not there gets. */
export function unmatchedProblem(url: string): Problem {
  const allowed = allowedMethods(url);
  return allowed.length === 0
    ? new Problem(404)
    : new Problem(405, undefined, { headers: { allow: allowed.join(', ') } });
}
