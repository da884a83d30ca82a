import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'express';
import type { z } from 'zod';
import type { Services } from '../app.ts';
import type { ApplicationSteps } from '../steps.ts';
import type { Access } from '../tenancy/resolve.ts';
import { keptHeaders, type StoredAnswer } from './idempotency.ts';
import type { Operation } from './operation.ts';

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : void;

/** A request whose parts are what its operation says. */
export interface ValidRequest<Definition extends Operation> {
  readonly params: Output<Definition['params']>;
  readonly query: Output<Definition['query']>;
  readonly body: Output<Definition['body']>;
  readonly headers: IncomingHttpHeaders;
  /** Who is asking, for which tenant. */
  readonly access: Access;
}

/**
 * Answers an operation: what it returns is sent with the operation's status, unless the handler ended the response
 * itself.
 */
export type Handler<Definition extends Operation> = (
  request: ValidRequest<Definition>,
  response: Response,
) => Promise<Input<Definition['response']['schema']> | undefined>;

/** Mounts one operation. */
export type Mount = <const Definition extends Operation>(operation: Definition, handler: Handler<Definition>) => void;

/** The endpoints of one module. */
export type Routes = (route: Mount, services: Services) => void;

/** The parts of a request as the operation's schemas make them, or the problem that says what is wrong. */
export function validate<Definition extends Operation>(
  operation: Definition,
  given: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
  parse: ApplicationSteps['parse'],
): Pick<ValidRequest<Definition>, 'params' | 'query' | 'body'> {
  const { params, body, query } = operation;
  const valid = {
    params: params && parse('params', params, given.params),
    body: body && parse('body', body, given.body),
    query: query && parse('query', query, given.query),
  };
  return valid as Pick<ValidRequest<Definition>, 'params' | 'query' | 'body'>;
}

/** What goes over the wire: a column that the schema does not name never leaves the server. */
export function answerOf(
  { response: { status, schema } }: Operation,
  response: Response,
  value: unknown,
): StoredAnswer {
  const body = response.headersSent || schema === undefined ? undefined : JSON.stringify(schema.parse(value));
  return { status, headers: keptHeaders((name) => response.getHeader(name)), body };
}

/** Sends an answer, unless the handler or a time-out ended the response. */
export function sendAnswer(response: Response, { status, headers, body }: StoredAnswer): void {
  if (response.headersSent) return;
  response.status(status).set(headers);
  if (body === undefined) return void response.end();
  // Not by Express's own send(), which reads the type again to add what it has.
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(body)).end(body);
}
