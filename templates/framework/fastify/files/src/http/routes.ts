import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { z } from 'zod';
import type { Services } from '../app.ts';
import type { RequestTrace } from '../telemetry/tracing.ts';
import type { Access } from '../tenancy/resolve.ts';
import type { Operation } from './operation.ts';

declare module 'fastify' {
  interface FastifyBaseLogger {
    /** Pino's: adds to every line to come. A request has a logger of its own. */
    readonly setBindings: (bindings: Readonly<Record<string, unknown>>) => void;
  }
  interface FastifyRequest {
    /** Who is asking, for which tenant; there on every route that has an operation. */
    access: Access;
    /** How large the body may be. */
    bodyBytes: number;
    /** When it has to be done with the database. */
    deadline: number;
    /** The span of the request. */
    trace: RequestTrace;
  }
  interface FastifyContextConfig {
    readonly operation?: Operation;
  }
}

/** Types of a request from the Zod schemas of its operation. */
export interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown;
}

/** The endpoints of one module, a Fastify plugin. */
export type Routes = (
  app: FastifyInstance<
    RawServerDefault,
    RawRequestDefaultExpression,
    RawReplyDefaultExpression,
    FastifyBaseLogger,
    ZodTypeProvider
  >,
  services: Services,
) => Promise<void>;

/** An operation as Fastify mounts it. */
export function route<const Definition extends Operation>(operation: Definition) {
  type Schemas = {
    params: Definition['params'];
    querystring: Definition['query'];
    body: Definition['body'];
  };
  const { params, query, body, response } = operation;
  const schema = {
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(response.schema && { response: { [response.status]: response.schema } }),
  };
  return {
    method: operation.method.toUpperCase() as Uppercase<Definition['method']>,
    // A parameter is never empty: with a slash at the end it is another path.
    url: operation.path.replace(/\{(\w+)\}/g, ':$1([^]+)'),
    schema: schema as Schemas,
    config: { operation },
  };
}
