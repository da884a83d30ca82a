import { type RequestHandler, Router } from 'express';
import type { Services } from '../app.ts';
import { operations } from '../openapi.ts';
import type { ApplicationSteps } from '../steps.ts';
import { type Access, resolve } from '../tenancy/resolve.ts';
import { headerValues, incomingOf, tenantHeaders } from './headers.ts';
import { callerOf, idempotencyKey } from './idempotency.ts';
import { readJson } from './json-body.ts';
import type { Operation } from './operation.ts';
import { answerOf, type Mount, sendAnswer, validate } from './routes.ts';

declare global {
  namespace Express {
    interface Request {
      operation?: Operation;
      /** Who is asking, for which tenant; there on every route that has an operation. */
      access: Access;
      /** How large the body may be. */
      bodyBytes: number;
    }
  }
}

/** A router whose every route asks who is calling before anything else, and runs as that tenant. */
export function tenantRoutes(
  { database, resolution, limits }: Services,
  steps: ApplicationSteps,
): { readonly router: Router; readonly route: Mount } {
  const router = Router({ caseSensitive: true, strict: true });

  const resolveTenant =
    (operation: Operation): RequestHandler =>
    async (request, response, next) => {
      response.set(tenantHeaders);
      request.operation = operation;
      request.access = await request.trace.run(() =>
        resolve(incomingOf(request), operation, resolution, steps.resolution),
      );
      request.log.setBindings({ tenant: request.access.tenant.slug });
      const admission = await limits.admit(request.access.tenant, response);
      response.set(admission.headers);
      request.bodyBytes = admission.bodyBytes;
      next();
    };

  const route: Mount = (operation, handler) => {
    // What nobody described, nobody would attack: the isolation suite finds routes in the OpenAPI document.
    if (!operations.includes(operation)) {
      throw new Error(
        `${operation.id} is not in src/openapi.ts. Next: add it to the operations of the module's schema.ts.`,
      );
    }
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    router[operation.method](path, resolveTenant(operation), async (request, response) => {
      const { access, headers, params, query } = request;
      const parts = validate(
        operation,
        { params, query, body: await readJson(request, request.bodyBytes) },
        steps.parse,
      );
      const work = async () => answerOf(operation, response, await handler({ ...parts, headers, access }, response));
      const key = operation.method === 'post' && idempotencyKey(headerValues(request.rawHeaders, 'idempotency-key'));
      const repeatable = key && { key, caller: callerOf(access), content: { id: operation.id, ...parts } };
      // Only now: the context of the socket's events, which the body came with, is not this request's.
      const answer = await request.trace.run(() =>
        steps.runAsTenant(
          access.tenant,
          () => (repeatable ? steps.answerOnce(database, repeatable, work) : work()),
          request.deadline,
        ),
      );
      sendAnswer(response, answer);
    });
  };

  return { router, route };
}
