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
