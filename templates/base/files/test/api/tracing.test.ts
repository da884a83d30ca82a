import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  context,
  type Context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationSteps } from '../../src/steps.ts';
import { resolutionSteps } from '../../src/tenancy/resolve.ts';
import { startApplication } from '../setup/application.ts';
import { apiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

interface Recorded {
  name: string;
  readonly attributes: Attributes;
  readonly parent: string | undefined;
  readonly id: string;
  status: SpanStatus;
  ended: boolean;
}

const spans: Recorded[] = [];

/** As little of an SDK as keeps spans in memory. */
function record(): void {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (inner, work, receiver, ...args) => storage.run(inner, () => work.call(receiver, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
  propagation.setGlobalPropagator({
    inject: () => {},
    fields: () => ['traceparent'],
    extract(outer, headers: { readonly traceparent?: string }) {
      const [, traceId, spanId] = headers.traceparent?.split('-') ?? [];
      if (traceId === undefined || spanId === undefined) return outer;
      return trace.setSpanContext(outer, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  });
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startActiveSpan: () => {
        throw new Error('not used');
      },
      startSpan: (name, { attributes = {} } = {}, outer = context.active()) =>
        span(name, { ...attributes }, trace.getSpanContext(outer)),
    }),
  });
}

function span(name: string, attributes: Attributes, parent: SpanContext | undefined): Span {
  const id = String(spans.length + 1).padStart(16, '0');
  const recorded: Recorded = {
    name,
    attributes,
    parent: parent?.spanId,
    id,
    status: { code: SpanStatusCode.UNSET },
    ended: false,
  };
  spans.push(recorded);
  const self: Span = {
    spanContext: () => ({ traceId: parent?.traceId ?? '0'.repeat(31) + 1, spanId: id, traceFlags: 1 }),
    setAttribute: (key, value) => {
      attributes[key] = value;
      return self;
    },
    setAttributes: () => self,
    addEvent: () => self,
    addLink: () => self,
    addLinks: () => self,
    setStatus: (status) => {
      recorded.status = status;
      return self;
    },
    updateName: (changed) => {
      recorded.name = changed;
      return self;
    },
    end: () => {
      recorded.ended = true;
    },
    isRecording: () => true,
    recordException: () => {},
  };
  return self;
}

beforeAll(record);
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});
const world = useWorld();

const traced = async (work: () => Promise<unknown>): Promise<Recorded[]> => {
  spans.length = 0;
  await work();
  await new Promise((done) => setTimeout(done, 50));
  return [...spans];
};

describe('a request', () => {
  it('is a span of its route, below the one that its traceparent names', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const [server] = await traced(() => world.asAcme.get('/v1/members?q=secret-value', { traceparent }));
    expect(server).toMatchObject({
      name: 'GET /v1/members',
      parent: 'b'.repeat(16),
      ended: true,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/v1/members',
        'http.response.status_code': 200,
        'tenant.id': world.acme.tenantId,
      },
    });
  });

  it('has its statements as children, with their text and none of their values', async () => {
    const subject = 'value-that-must-not-leave';
    const [server, ...statements] = await traced(() => world.asAcme.post('/v1/members', { subject, role: 'viewer' }));
    expect(statements.length).toBeGreaterThan(0);
    for (const { parent, ended, attributes } of statements) {
      expect([parent, ended]).toEqual([server?.id, true]);
      expect(attributes['db.system.name']).toBe('postgresql');
    }
    expect(statements.at(-1)).toMatchObject({ name: 'INSERT', attributes: { 'db.operation.name': 'INSERT' } });
    expect(statements.at(-1)?.attributes['db.query.text']).toContain('insert into');
    const written = JSON.stringify(spans);
    expect(written).not.toContain(subject);
    for (const credential of Object.values(credentials(world.acme))) expect(written).not.toContain(credential);
  });

  it('that fails says so by its status, and a statement by its SQLSTATE', async () => {
    await world.asAcme.post('/v1/members', { subject: 'twice', role: 'viewer' });
    const all = await traced(() => world.asAcme.post('/v1/members', { subject: 'twice', role: 'viewer' }));
    expect(all[0]).toMatchObject({ attributes: { 'http.response.status_code': 409 }, status: { code: 0 } });
    expect(all.at(-1)).toMatchObject({
      attributes: { 'db.response.status_code': '23505', 'error.type': '23505' },
      status: { code: SpanStatusCode.ERROR },
    });
    expect(JSON.stringify(all)).not.toContain('twice');
  });

  it('that the server could not answer is an error, without the words of its cause', async () => {
    const findTenant = () => Promise.reject(new Error('hunter2'));
    const steps = { ...applicationSteps, resolution: { ...resolutionSteps, findTenant } };
    const application = await startApplication(world.database.environment, { steps });
    try {
      const [server] = await traced(() => apiClient(application.url, credentials(world.acme)).get('/v1/members'));
      expect(server).toMatchObject({
        name: 'GET /v1/members',
        attributes: { 'http.response.status_code': 500, 'error.type': '500' },
        status: { code: SpanStatusCode.ERROR },
      });
      expect(JSON.stringify(spans)).not.toContain('hunter2');
    } finally {
      await application.close();
    }
  });

  it('without a route is a span of its method', async () => {
    const [server] = await traced(() => world.asNobody.get('/nothing/here'));
    expect(server).toMatchObject({ name: 'GET', attributes: { 'http.response.status_code': 404 } });
  });
});
