import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { operations } from '../../src/openapi.ts';
import { startApplication } from '../setup/application.ts';
import { apiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();

describe('without a credential', () => {
  it('is alive, ready and describes itself', async () => {
    expect((await world.asNobody.get('/healthz')).body).toEqual({ status: 'alive' });
    expect((await world.asNobody.get('/readyz')).body).toEqual({ status: 'ready' });
    const { body } = await world.asNobody.get<{ openapi: string; paths: object }>('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(new Set(Object.keys(body.paths))).toEqual(new Set(operations.map(({ path }) => path)));
  });

  it.each(operations.map(({ method, path }) => [method.toUpperCase(), path] as const))(
    'refuses %s %s',
    async (method, path) => {
      const response = await fetch(`${world.application.url}${path.replace('{id}', world.acme.tenantId)}`, { method });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    },
  );
});

describe('the log', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('says once where the application listens: %s', async (host) => {
    const lines: string[] = [];
    const log = createLog({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const { url, close } = await startApplication(world.database.environment, { log, host });
    await close();
    const messages = lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    expect(messages.filter((message) => /listening/i.test(message))).toEqual([
      `listening on ${url.replace('127.0.0.1', host)}`,
    ]);
  });
});

describe('HEAD', () => {
  it('answers as GET does, without the body', async () => {
    const ask = (method: string) =>
      fetch(`${world.application.url}/v1/members`, { method, headers: credentials(world.acme) });
    const [head, get] = [await ask('HEAD'), await ask('GET')];
    const shown = ({ status, headers }: Response) => [
      status,
      headers.get('content-type'),
      headers.get('content-length'),
    ];
    expect(shown(head)).toEqual(shown(get));
    expect(shown(head)).toEqual([200, 'application/json; charset=utf-8', expect.stringMatching(/^\d+$/)]);
    expect(await head.text()).toBe('');
  });
});

describe('every answer', () => {
  it('carries security headers and the request id that the caller gave', async () => {
    const { headers } = await world.asAcme.get('/v1/members', { 'x-request-id': 'abc-123' });
    expect(headers.get('x-request-id')).toBe('abc-123');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });

  it('makes a request id of its own when the given one could spoil a log', async () => {
    const { headers } = await world.asNobody.get('/healthz', { 'x-request-id': 'a b"c' });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a request that cannot be served', () => {
  it.each([
    ['an unknown path', 'GET', '/v2/anything', undefined, {}, 404],
    ['a method that the path does not have', 'PUT', '/v1/members', '{}', {}, 405],
    ['a body that is no JSON', 'POST', '/v1/members', '{', {}, 400],
    ['no body', 'POST', '/v1/members', undefined, {}, 422],
    ['no body where none is needed', 'DELETE', '/v1/members/x', undefined, {}, 404],
    ['a URL that cannot be decoded', 'GET', '/v1/members/%zz', undefined, {}, 400],
    ['an id that is longer than ids are', 'GET', `/v1/members/${'x'.repeat(5000)}`, undefined, {}, 404],
    ['a key that would reach a prototype', 'POST', '/v1/members', '{"__proto__":{}}', {}, 400],
    ['a body that is nested deeply', 'POST', '/v1/members', '['.repeat(40_000) + ']'.repeat(40_000), {}, 422],
    ['text', 'POST', '/v1/members', '{}', { 'content-type': 'text/plain' }, 415],
    [
      'another content type',
      'POST',
      '/v1/members',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
    ],
    ['a body that is too large', 'POST', '/v1/members', JSON.stringify({ subject: 'x'.repeat(200_000) }), {}, 413],
  ])('%s', async (_, method, path, body, headers, status) => {
    const response = await fetch(`${world.application.url}${path}`, {
      method,
      headers: { ...credentials(world.acme), 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body }),
    });
    expect(response.status).toBe(status);
    const problem = (await response.json()) as { status: number; requestId: string };
    expect(problem.status).toBe(status);
    expect(problem.requestId).toBe(response.headers.get('x-request-id'));
  });

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['headers that are too large', `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s', async (_, sent, status) => {
    const { hostname, port } = new URL(world.application.url);
    const socket = connect(Number(port), hostname);
    socket.write(sent);
    const [head = '', body = '{}'] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status });
  });

  it.each(['authorization', 'x-api-key'])('two values of %s', async (name) => {
    const { hostname, port } = new URL(world.application.url);
    const value = credentials(world.acme)[name] ?? 'x';
    const socket = connect(Number(port), hostname);
    const header = `${name}: ${value}\r\n`;
    socket.write(`GET /v1/members HTTP/1.1\r\nhost: a\r\n${header}${header}connection: close\r\n\r\n`);
    expect(await text(socket)).toContain('HTTP/1.1 401 ');
  });
});

describe('the line of a request in the log', () => {
  it('says who asked for what in which tenant, and nothing of what was sent', async () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line) => void (written += line) });
    const application = await startApplication(world.database.environment, { log });
    const { 'x-api-key': key = '', authorization: secret = key.split('.')[1] } = credentials(world.acme);
    await apiClient(application.url, credentials(world.acme)).get('/v1/members?limit=1&sort=-createdAt');
    await application.close();
    const line = written.split('\n').find((each) => each.includes('"msg":"request"')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      tenant: 'acme',
      caller: expect.arrayContaining([expect.stringMatching(/^(jwt owner@acme|apiKey [0-9a-f-]{36})$/)]),
      method: 'GET',
      route: '/v1/members',
      status: 200,
    });
    for (const sent of ['createdAt', secret]) expect(written).not.toContain(sent);
  });
});
