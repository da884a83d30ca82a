import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { Incoming } from '../tenancy/resolve.ts';

// An API serves no page, so nothing may be loaded by what it answers.
const security = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
});

/**
 * What helmet sets, by name. It is the same on every answer, and working it out takes longer than finding the tenant:
 * it is asked once.
 */
export const securityHeaders = headersSetBy(security);

function headersSetBy(middleware: typeof security): readonly (readonly [name: string, value: string])[] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  middleware(request, response, () => {});
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}

/** On every answer. */
export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of securityHeaders) response.setHeader(name, value);
}

/** On every answer that depends on who asks. */
export const tenantHeaders = { 'cache-control': 'private, no-cache', vary: 'Authorization, X-API-Key' };

/** Every value of a header, as it was sent: `headers` shows one of several. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** What the resolution reads of a request. */
export const incomingOf = ({ rawHeaders, socket }: IncomingMessage): Incoming => ({
  header: (name) => headerValues(rawHeaders, name),
  peer: socket.remoteAddress,
});
