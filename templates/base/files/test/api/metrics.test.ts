import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { assertMayReadMetrics } from '../../src/telemetry/access.ts';
import { startApplication } from '../setup/application.ts';
import { apiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();
const token = 'a-token-of-sixteen-or-more';

async function withMetrics(
  environment: Record<string, string>,
  work: (url: string, read: (token?: string) => Promise<{ status: number; text: string }>) => Promise<void>,
): Promise<void> {
  const application = await startApplication({ ...world.database.environment, ...environment });
  try {
    await work(application.url, async (bearer) => {
      const { status, body } = await apiClient(application.url).get<string>(
        '/metrics',
        bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      );
      return { status, text: String(body) };
    });
  } finally {
    await application.close();
  }
}

describe('GET /metrics', () => {
  it('asks for its token, when there is one', async () => {
    await withMetrics({ METRICS_TOKEN: token }, async (_, read) => {
      expect((await read()).status).toBe(401);
      expect((await read(`${token}x`)).status).toBe(401);
      expect((await read(token)).status).toBe(200);
    });
  });

  it('is not there in production without a token', () => {
    const config = { ...readConfig({ ...world.database.environment, NODE_ENV: 'test' }), env: 'production' } as const;
    const read = (more: Partial<Config>, header?: string) => () => assertMayReadMetrics({ ...config, ...more }, header);
    expect(read({})).toThrow(expect.objectContaining({ status: 404 }));
    expect(read({ metricsToken: token })).toThrow(expect.objectContaining({ status: 401 }));
    expect(read({ metricsToken: token }, `Bearer ${token}`)).not.toThrow();
    expect(read({ env: 'development' })).not.toThrow();
  });

  it('counts requests by route, never by path, tenant or id', async () => {
    await withMetrics({}, async (url, read) => {
      const acme = apiClient(url, credentials(world.acme));
      await acme.get('/v1/members?limit=1');
      await acme.get(`/v1/members/${world.acme.tenantId}`);
      await apiClient(url).get(`/v1/${world.acme.tenantId}`);
      await fetch(`${url}/v1/members`, { method: 'PROPFIND' });
      await fetch(`${url}/v1/members/%zz`);
      await new Promise((done) => setTimeout(done, 50));
      const { text } = await read();
      expect(text).toContain('http_requests_total{method="GET",route="/v1/members",status="200"} 1');
      expect(text).toContain('http_requests_total{method="GET",route="/v1/members/{id}",status="404"} 1');
      expect(text).toContain('http_requests_total{method="GET",route="unmatched",status="404"} 1');
      expect(text).toContain('http_requests_total{method="GET",route="unmatched",status="400"} 1');
      expect(text).toMatch(/http_requests_total\{method="other",route="unmatched",status="40[45]"\} 1/);
      expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/v1/members"} 1');
      expect(text).not.toContain(world.acme.tenantId);
      expect(text).not.toContain('acme');
    });
  });

  it('tells how busy the database connections are', async () => {
    await withMetrics({}, async (url, read) => {
      await apiClient(url, credentials(world.acme)).get('/v1/members');
      const { text } = await read();
      expect(text).toMatch(/database_pool_connections\{state="idle"\} \d/);
      expect(text).toContain('database_pool_waiting 0');
      expect(text).toContain('database_lanes_in_flight 0');
      expect(text).toMatch(/process_resident_memory_bytes \d/);
    });
  });
});
