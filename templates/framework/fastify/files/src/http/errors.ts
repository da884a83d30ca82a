import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
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

/** The same for a URL that cannot be decoded; Fastify's own answer would repeat it. */
export function answerBadUrl(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // No hook ran.
  reply.header('x-request-id', request.id);
  void send(reply, request, new Problem(400));
}

const unreadable: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** The same for what is no HTTP request; there is only the socket to answer on. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = unreadable[error.code ?? ''] ?? 400;
  const body = JSON.stringify(problemDocument(new Problem(status), randomUUID()));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
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
  // Fastify's own: a body that is no JSON, too large, of another type, cut off; a handler that takes too long. Its messages may repeat what was sent.
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && (status === 503 || (status >= 400 && status < 500))) return new Problem(status);
  return databaseProblem(error) ?? new Problem(500);
}
