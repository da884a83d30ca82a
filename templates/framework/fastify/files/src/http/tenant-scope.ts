import type { FastifyInstance } from 'fastify';
import type { Services } from '../app.ts';
import { operations } from '../openapi.ts';
import type { ApplicationSteps } from '../steps.ts';
import { resolve } from '../tenancy/resolve.ts';
import { incomingOf, tenantHeaders } from './headers.ts';
import { acceptJson } from './json.ts';
import { repeatable } from './repeatable.ts';

/** Makes every route of a scope ask who is calling before anything else, and run as that tenant, within its limits. */
export function enterTenants(
  app: FastifyInstance,
  { database, resolution, limits }: Services,
  steps: ApplicationSteps,
): void {
  app.decorateRequest('access');
  app.decorateRequest('bodyBytes', 0);
  acceptJson(app);

  // What nobody described, nobody would attack: the isolation suite finds routes in the OpenAPI document.
  app.addHook('onRoute', (route) => {
    const operation = route.config?.operation;
    if (operation === undefined || !operations.includes(operation)) {
      throw new Error(
        `${String(route.method)} ${route.url} has no operation. Next: add one to the module's schema.ts.`,
      );
    }
    if (operation.method === 'post') route.handler = repeatable(operation, database, route.handler, steps);
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(tenantHeaders);
    const { operation } = request.routeOptions.config;
    if (operation === undefined) throw new Error('a route without an operation');
    request.access = await request.trace.run(() =>
      resolve(incomingOf(request.raw), operation, resolution, steps.resolution),
    );
    request.log.setBindings({ tenant: request.access.tenant.slug });
    const admission = await limits.admit(request.access.tenant, reply.raw);
    reply.headers(admission.headers);
    request.bodyBytes = admission.bodyBytes;
  });

  // After the body was read: the context of the socket's events would not carry it. The callback form, because what
  // runs in `done` inherits the context.
  app.addHook('preHandler', (request, _reply, done) => {
    request.trace.run(() => steps.runAsTenant(request.access.tenant, done, request.deadline));
  });
}
