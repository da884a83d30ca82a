import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { ApplicationSteps } from '../steps.ts';
import { unmatchedProblem } from './problem-of.ts';
import { type Problem, problemContentType, problemDocument } from './problem.ts';

/**
 * Every answer that is no success is a problem document. What the server did not expect is logged whole and told as
 * little as possible.
 */
export function answerWithProblem({ problemOf }: ApplicationSteps): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    sendProblem(request, response, problem);
  };
}

/** The same for a path or a method that is not there. */
export const refuseUnmatched: RequestHandler = (request, response) => {
  sendProblem(request, response, unmatchedProblem(request.originalUrl));
};

/** There is nothing at OPTIONS. Express would answer by itself, also where there is nothing at all. */
export const refuseOptions: RequestHandler = (request, response, next) => {
  if (request.method === 'OPTIONS') refuseUnmatched(request, response, next);
  else next();
};

/** Sends the problem, unless something was sent before. */
export function sendProblem(request: Request, response: Response, problem: Problem): void {
  if (response.headersSent) return;
  const document = JSON.stringify(problemDocument(problem, request.id));
  response.status(problem.status).set(problem.headers).set('content-type', problemContentType).send(document);
}
