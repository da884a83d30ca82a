import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { securityHeaders } from './headers.ts';
import { Problem, problemContentType, problemDocument } from './problem.ts';

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** An answer from below the framework, the connection's last. */
export function problemAnswer(status: number): { readonly headers: Record<string, string>; readonly body: string } {
  const id = randomUUID();
  const body = JSON.stringify(problemDocument(new Problem(status), id));
  return {
    headers: {
      ...Object.fromEntries(securityHeaders),
      'content-type': problemContentType,
      'content-length': String(Buffer.byteLength(body)),
      'x-request-id': id,
      connection: 'close',
    },
    body,
  };
}

/** Answers what is no HTTP request; there is only the socket to answer on. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = statuses[error.code ?? ''] ?? 400;
  const { headers, body } = problemAnswer(status);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
