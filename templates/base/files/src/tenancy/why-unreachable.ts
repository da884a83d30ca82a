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

/** With which PgBouncer ends a connection that it can do nothing with; the message says why. */
const pooler = '08P01';

/** The server ended the connection, because somebody told it to or it crashed; or something between here and there did. */
const ended: readonly string[] = ['57P01', '57P02', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

/** What Node says of a certificate that it does not trust: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const distrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY|DECODE|DECRYPT)_\w+|CERT_\w+|CRL_\w+|ERR_TLS_\w+)$/;

/** What pg says of a connection that is gone without a word. */
const lost = /^(Connection terminated|Client has encountered a connection error)/;

/**
 * Why nobody could log in to a database, or how it was lost, in a sentence for who started this, and which variable to
 * look at; undefined where that is not what happened. Shows no part of the URL that is secret.
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
  if (distrusted.test(code))
    return `The database's certificate is not trusted: ${first.message}. Next: name the host that it is for in ${variable}, and its authority by sslrootcert=/path/authority.pem.`;
  if (first.message.includes('does not support SSL'))
    return `The database speaks no TLS: ${first.message}. Next: let it, or set sslmode in ${variable}.`;
  if (first instanceof pg.DatabaseError && first.message.endsWith('no encryption'))
    return `The database lets nobody in: ${first.message}. Next: add sslmode=verify-full to ${variable}.`;
  if (first instanceof pg.DatabaseError && /^(28|3D)/.test(code))
    return `The database lets nobody in: ${first.message}. Next: see that ${variable} has the right user, password and database.`;
  if (first instanceof pg.DatabaseError && busy.includes(code))
    return `The database takes nobody in now: ${first.message}. Next: wait a moment, and look at its connections if that goes on; ${variable} names it.`;
  if (first instanceof pg.DatabaseError && code === pooler && first.severity === 'FATAL')
    return `The pooler gives no connection: ${first.message}. Next: see in its log what it says of the database; ${variable} names it.`;
  if (first instanceof pg.DatabaseError && first.severity === 'FATAL' && !ended.includes(code))
    return `The database refuses the connection: ${first.message}. Next: see what ${variable} and PGOPTIONS ask for.`;
  if (ended.includes(code) || lost.test(first.message))
    return `The connection to the database was lost: ${first.message}. Next: see that it runs, then run the same again; ${variable} names it.`;
  return undefined;
}
