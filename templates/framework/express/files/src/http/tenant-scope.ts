import { type RequestHandler, Router } from 'express';
import type { Services } from '../app.ts';
import { operations } from '../openapi.ts';
import { runAsTenant } from '../tenancy/context.ts';
import { type Access, resolve, type ResolutionSteps } from '../tenancy/resolve.ts';
import { headerValues, tenantHeaders } from './headers.ts';
import { readJson } from './json.ts';
import type { Operation } from './operation.ts';
import { type Mount, sendAnswer, validate, type ValidRequest } from './routes.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who is asking, for which tenant; there on every route that has an operation. */
      access: Access;
    }
  }
}

/** A router whose every route asks who is calling before anything else, and runs as that tenant. */
export function tenantRoutes(
  { config, resolution }: Services,
  steps: ResolutionSteps,
): { readonly router: Router; readonly route: Mount } {
  const router = Router({ caseSensitive: true, strict: true });

  const resolveTenant =
    (operation: Operation): RequestHandler =>
    async (request, response, next) => {
      response.set(tenantHeaders);
      const incoming = { header: (name: string) => headerValues(request.rawHeaders, name) };
      request.access = await resolve(incoming, operation, resolution, steps);
      request.log = request.log.child({ tenant: request.access.tenant.slug });
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
    router[operation.method](
      path,
      resolveTenant(operation),
      ...readJson(config.bodyLimitBytes),
      async (request, response) => {
        const { access, headers } = request;
        const valid = { ...validate(operation, request), headers, access } as ValidRequest<typeof operation>;
        // Only now: the context of the socket's events, which the body came with, is not this request's.
        const value = await runAsTenant(access.tenant, () => handler(valid, response));
        sendAnswer(operation, response, value);
      },
    );
  };

  return { router, route };
}
