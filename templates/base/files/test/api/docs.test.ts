import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { docsPage } from '../../src/http/docs/page.ts';
import { openApiDocument, operations } from '../../src/openapi.ts';
import { useWorld } from './world.ts';

const world = useWorld();
const fetchDocs = async () => await world.asNobody.get<string>('/docs');

describe('GET /docs', () => {
  it('shows every operation with its path', async () => {
    const { status, headers, body } = await fetchDocs();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const { method, path, summary } of operations) {
      expect(body).toContain(`<span class="method">${method.toUpperCase()}</span> <span class="path">${path}</span>`);
      expect(body).toContain(summary.replaceAll("'", '&#39;'));
    }
  });

  it('shows a request for each, with a body that the operation takes', async () => {
    const { body: page } = await fetchDocs();
    const examples = page.match(/<pre>curl [^]*?<\/pre>/g) ?? [];
    expect(examples).toHaveLength(operations.length);
    for (const { body, id } of operations.filter((operation) => operation.body !== undefined)) {
      const [, shown = ''] =
        new RegExp(`<details id="${id.toLowerCase()}">.*?-d &#39;(.*?)&#39;</pre>`, 's').exec(page) ?? [];
      const sent: unknown = JSON.parse(shown.replaceAll('&quot;', '"'));
      const { error } = body?.safeParse(sent) ?? {};
      const fields = error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      expect(fields, `${id} has a field that needs an example in its schema: .meta({ examples: ['...'] })`).toBe(
        undefined,
      );
    }
  });

  it('shows what a body and an answer may hold where they are used', async () => {
    const { body } = await fetchDocs();
    const [operation = ''] = /<details id="createmember">[^]*?<\/details>/.exec(body) ?? [];
    expect(operation).toMatch(/<h3>Body<\/h3>[^]*<code>subject<\/code><\/th><td>required<\/td><td>string/);
    expect(operation).toContain('<code>admin</code> or <code>owner</code>');
    expect(operation).toMatch(/<th scope="row">201<\/th>[^]*date-time/);
  });

  it('loads nothing and runs nothing, by its content security policy', async () => {
    const { headers, body } = await fetchDocs();
    const policy = headers.get('content-security-policy') ?? '';
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(body) ?? [];
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(body).not.toMatch(/<script|<img|<link|\son\w+=|\sstyle=|https?:/i);
  });

  it('shows every header that a request may bring', () => {
    for (const { method, path, params, versioned } of operations) {
      const { parameters = [] } = openApiDocument().paths?.[path]?.[method] ?? {};
      const headers = parameters.flatMap((each) => ('in' in each && each.in === 'header' ? [each.name] : []));
      const condition = method === 'get' ? 'if-none-match' : 'if-match';
      const expected = [...(versioned && params ? [condition] : []), ...(method === 'post' ? ['idempotency-key'] : [])];
      expect([method, path, headers]).toEqual([method, path, expected]);
    }
  });

  it('links to nothing that is not there', async () => {
    const { body } = await fetchDocs();
    const ids = new Set([...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const [, target] of body.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  it('shows what is in the document as text', () => {
    const evil = `<script>alert(1)</script>"'&`;
    const { html } = docsPage(everyText(openApiDocument(), evil));
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
    expect(html).not.toContain('<script');
    expect(html).not.toContain(evil);
  });
});

/** The document with every text and every name that a page could show replaced or followed by another. */
function everyText<T>(value: T, text: string): T {
  if (typeof value === 'string') return (value.startsWith('#/') ? value + text : text) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => everyText(each, text)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [named(name, text), everyText(each, text)]);
  return Object.fromEntries(entries) as T;
}

/** What the page reads by name keeps it. */
const keywords = new Set(
  (
    'openapi info title version description components schemas securitySchemes paths get post patch delete name in required schema type format ' +
    'enum const default items properties anyOf oneOf $ref operationId summary tags parameters requestBody content responses ' +
    'minimum maximum minLength maxLength pattern security'
  ).split(' '),
);
const named = (name: string, text: string): string => (keywords.has(name) ? name : name + text);
