import type { IncomingMessage } from 'node:http';
import { context, type Context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { projectName } from '../tenancy/roles.ts';

/** The span of one request. Without an SDK all of this does nothing, at next to no cost. */
export interface RequestTrace {
  /** Runs work inside the span, so that spans of the work are its children. */
  readonly run: <T>(work: () => T) => T;
  readonly end: (ending: {
    readonly route: string | undefined;
    readonly status: number;
    readonly tenant: string | undefined;
  }) => void;
}

const tracer = trace.getTracer(projectName);

/** Begins the span of a request, below the one that its `traceparent` names. */
export function traceRequest({ method = '', headers }: IncomingMessage): RequestTrace {
  const parent: Context = propagation.extract(context.active(), headers);
  const span = tracer.startSpan(
    method,
    { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
    parent,
  );
  const inside = trace.setSpan(parent, span);
  return {
    run: (work) => context.with(inside, work),
    end({ route, status, tenant }) {
      if (span.isRecording()) {
        span.setAttribute('http.response.status_code', status);
        if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute('http.route', route);
        if (tenant !== undefined) span.setAttribute('tenant.id', tenant);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status));
      }
      span.end();
    },
  };
}

/**
 * Runs a statement inside a span, when there is a request's span to be its parent. The text holds parameters' places,
 * never their values.
 */
export function traceStatement<T>(text: string, run: () => Promise<T>): Promise<T> {
  return trace.getActiveSpan()?.isRecording() === true ? runInSpan(text, run) : run();
}

async function runInSpan<T>(text: string, run: () => Promise<T>): Promise<T> {
  const operation = /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? '';
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.query.text': text };
  const span = tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), run);
  } catch (error) {
    // The message of an error may repeat a value; its code does not.
    const { code = '_OTHER', severity } = error as { readonly code?: string; readonly severity?: string };
    span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code);
    // The server's own.
    if (severity !== undefined) span.setAttribute('db.response.status_code', code);
    throw error;
  } finally {
    span.end();
  }
}
