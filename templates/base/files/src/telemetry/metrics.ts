import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../tenancy/database.ts';
import { strategyMetrics } from './strategy-metrics.ts';

/** A request that ended. */
export interface FinishedRequest {
  readonly method: string;
  /** The route's template, never the path; undefined when there is none. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/** What Prometheus reads. No label names a tenant, a user or an id: their number has no bound. */
export interface Metrics {
  readonly finished: (request: FinishedRequest) => void;
  /** The text format, and its content type. */
  readonly page: () => Promise<{ readonly type: string; readonly text: string }>;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A registry of its own for every application, so that several can run in one process. */
export function createMetrics(database: Database): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labels = ['method', 'route', 'status'] as const;
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests that ended.',
    labelNames: labels,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its response.',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  gauge('database_pool_connections', 'Connections for writes and transactions.', ['state'], (set) => {
    const { pool } = database.load();
    set({ state: 'busy' }, pool.open - pool.idle);
    set({ state: 'idle' }, pool.idle);
  });
  gauge('database_pool_waiting', 'Statements that wait for a connection.', [], (set) => {
    set({}, database.load().pool.waiting);
  });
  gauge('database_lanes_in_flight', 'Short reads on the shared connections.', [], (set) => {
    set({}, database.load().lanes.inFlight);
  });
  for (const { kind, read, ...facts } of strategyMetrics) {
    const Metric = kind === 'counter' ? Counter : Gauge;
    new Metric({
      ...facts,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(database.load()));
      },
    });
  }

  function gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        collect((labels, value) => this.set(labels, value));
      },
    });
  }

  return {
    finished({ method, route = 'unmatched', status, seconds }) {
      const known = methods.has(method) ? method : 'other';
      requests.inc({ method: known, route, status });
      durations.observe({ method: known, route }, seconds);
    },
    page: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}
