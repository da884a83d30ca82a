import type { FastifyInstance } from 'fastify';
import { headerValues, tenantHeaders } from './headers.ts';
import { runAsTenant } from '../tenancy/context.ts';
import { type Incoming, type Resolution, type ResolutionSteps, resolve } from '../tenancy/resolve.ts';
import { operations } from '../openapi.ts';

/** Makes every route of a scope ask who is calling before anything else, and run as that tenant. */
export function enterTenants(app: FastifyInstance, resolution: Resolution, steps: ResolutionSteps): void {
  app.decorateRequest('access');

  // What nobody described, nobody would attack: the isolation suite finds routes in the OpenAPI document.
  app.addHook('onRoute', ({ method, url, config }) => {
    const operation = config?.operation;
    if (operation === undefined || !operations.includes(operation)) {
      throw new Error(`${String(method)} ${url} has no operation. Next: add one to the module's schema.ts.`);
    }
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(tenantHeaders);
    const { operation } = request.routeOptions.config;
    if (operation === undefined) throw new Error('a route without an operation');
    const incoming: Incoming = { header: (name) => headerValues(request.raw.rawHeaders, name) };
    request.access = await resolve(incoming, operation, resolution, steps);
    request.log = request.log.child({ tenant: request.access.tenant.slug });
    reply.log = request.log;
  });

  // After the body was read: the context of the socket's events would not carry it. The callback form, because what runs in `done` inherits the context.
  app.addHook('preHandler', (request, _reply, done) => {
    runAsTenant(request.access.tenant, done);
  });
}
