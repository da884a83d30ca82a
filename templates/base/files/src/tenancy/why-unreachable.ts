import pg from 'pg';

/** What Node and PostgreSQL say of a connection. */
interface ConnectionError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

/** Too many connections; a server that starts or ends. */
const busy: readonly string[] = ['53300', '57P03'];

/**
 * Why nobody could log in to a database, in a sentence for who started this, and which variable to look at; undefined
 * where that is not what happened. Shows no part of the URL that is secret.
 */
export function whyUnreachable(error: unknown, variable: string): string | undefined {
  // One for each address of a host, and they say the same.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return undefined;
  const { code = '', syscall = '', address, hostname, port } = first as ConnectionError;
  if (syscall === 'connect' || syscall === 'getaddrinfo') {
    const place = [address ?? hostname, port].filter((part) => part !== undefined).join(':');
    return `No database answers at ${place} (${code}). Next: see that it runs, and that ${variable} names it.`;
  }
  if (first instanceof pg.DatabaseError && /^(28|3D)/.test(code))
    return `The database lets nobody in: ${first.message}. Next: see that ${variable} has the right user, password and database.`;
  if (first instanceof pg.DatabaseError && busy.includes(code))
    return `The database takes nobody in now: ${first.message}. Next: wait a moment, and look at its connections if that goes on; ${variable} names it.`;
  return undefined;
}
