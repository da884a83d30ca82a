import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { docsPage } from '../../src/http/docs-page.ts';
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

  it('links to nothing that is not there', async () => {
    const { body } = await fetchDocs();
    const ids = new Set([...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const [, target] of body.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  it('shows what is in the document as text', () => {
    const document = openApiDocument();
    const info = { ...document.info, title: '<script>alert(1)</script>', description: '"&\'' };
    const { html } = docsPage({ ...document, info });
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
  });
});
