/** No secret: browsers and curl find `*.localhost` on this machine without any set-up. */
export async function developmentSecrets(): Promise<Record<string, string>> {
  return { BASE_DOMAIN: 'localhost' };
}
