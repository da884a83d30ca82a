import { connect } from 'node:net';

/** Names to values; a list is sent as several headers of one name, an empty one not at all. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Headers;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The bytes of a request, with nothing corrected: also one that no HTTP client would send. */
export function requestBytes({ method = 'GET', path = '/', headers = {}, body = '' }: RawRequest): Buffer {
  const length = body.length > 0 && !('transfer-encoding' in headers) ? [String(Buffer.byteLength(body))] : [];
  const all: Headers = { host: 'localhost', 'content-length': length, connection: 'close', ...headers };
  const lines = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}\r\n`),
  );
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}

/** As the last piece: the client sends no more, but still listens. */
export const hangUp = Symbol('hang up');
/** As the last piece: the client is gone. */
export const goAway = Symbol('go away');
export type Piece = string | Buffer | typeof hangUp | typeof goAway;

const pauseMs = 50;

/**
 * Sends the pieces over a socket of its own, with a pause before each but the first; resolves with what came back until the connection was closed. Rejects when that takes too long:
 * nothing may be left without an answer.
 */
export async function sendPieces(url: string, pieces: readonly Piece[], mostMs: number): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  let timer: NodeJS.Timeout | undefined;
  const closed = new Promise<void>((resolve, reject) => {
    // Who answers before it has read everything may reset the connection: what it said counts.
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('close', () => resolve());
    timer = setTimeout(() => {
      reject(new Error(`the connection is still open after ${mostMs} ms: ${Buffer.concat(received).toString()}`));
    }, mostMs);
  });
  const sending = (async () => {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await new Promise((done) => setTimeout(done, pauseMs));
      if (piece === goAway) socket.destroy();
      else if (!socket.writable) return;
      else if (piece === hangUp) socket.end();
      else socket.write(piece);
    }
  })();
  try {
    await Promise.all([closed, sending]);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  return Buffer.concat(received);
}

/** Every answer on a connection. `bodiless`: they are to HEAD, so their length is that of a body that does not come. */
export function parseAnswers(received: Buffer, bodiless = false): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error(`no HTTP: ${rest.toString()}`);
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const content = rest.subarray(end + 4);
    const { body, length } =
      bodiless || status < 200 || status === 204 || status === 304
        ? { body: '', length: 0 }
        : readBody(headers, content);
    answers.push({ status, headers, body });
    rest = content.subarray(length);
  }
  return answers;
}

function readBody(headers: Readonly<Record<string, string>>, content: Buffer): { body: string; length: number } {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? content.length);
    return { body: content.subarray(0, length).toString(), length };
  }
  let body = '';
  let at = 0;
  for (;;) {
    const line = content.indexOf('\r\n', at);
    const size = Number.parseInt(content.subarray(at, line).toString(), 16);
    if (Number.isNaN(size)) throw new Error('a body that was cut off');
    body += content.subarray(line + 2, line + 2 + size).toString();
    at = line + 2 + size + 2;
    if (size === 0) return { body, length: at };
  }
}
