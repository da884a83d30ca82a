import type { IncomingMessage } from 'node:http';
import type { Incoming } from '../tenancy/resolve.ts';

/** For helmet: an API serves no page, so nothing may be loaded by what it answers. */
export const securityHeaders = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
};

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
