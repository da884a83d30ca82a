/** Why a server could not take requests at an address, in a sentence for who started it. */
export function whyNotListening(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Next: set PORT to another one, or to 0 for any.`;
  if (code === 'EACCES')
    return `Port ${port} takes rights that this process does not have. Next: set PORT to 1024 or more.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${host} is no address of this machine (${code}). Next: set HOST to one, or to 0.0.0.0 for all of them.`;
  return `No requests can be taken at ${host}, port ${port}: ${message}`;
}
