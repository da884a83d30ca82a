import { Agent, type ClientRequest, type IncomingMessage, request as send } from 'node:http';

/** Header names to values; a list is sent as several headers of one name. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly head: readonly (readonly [name: string, value: unknown])[];
  /** The body as it came. */
  readonly content: string;
  /** Head and body as text, to search in. */
  readonly text: string;
  readonly body: unknown;
  /** What two answers must have in common to be the same to their reader: all but the request's id and the time. */
  readonly essence: string;
}

/** Sends requests over kept connections; any header can be set, also Host. */
export interface Caller {
  readonly send: (call: Call) => Promise<Answer>;
  /** Sends, and hangs up before the answer. */
  readonly hangUp: (call: Call) => Promise<void>;
  readonly close: () => void;
}

/** Also how many requests the caller itself has left. */
const changing = new Set([
  'date',
  'x-request-id',
  'ratelimit',
  'keep-alive',
  'connection',
  'content-length',
  'transfer-encoding',
]);

export function createCaller(url: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const { host, hostname, port } = new URL(url);
  const begin = ({ method, path, headers = {}, body }: Call): ClientRequest => {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const more =
      content === undefined
        ? { 'content-length': 0 }
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
    const all = Object.entries<string | number | readonly string[]>({
      host,
      ...more,
      ...headers,
    });
    const { pathname, search } = new URL(path, url);
    const request = send({
      hostname,
      port,
      path: `${pathname}${search}`,
      method,
      agent,
      // As a list, because an object could not hold two Host headers.
      headers: all.flatMap(([name, values]) => [values].flat().flatMap((value) => [name, String(value)])),
      timeout: 20_000,
    });
    request.end(content);
    return request;
  };
  return {
    send: (call) =>
      new Promise((resolve, reject) => {
        const request = begin(call);
        request.on('response', (response) => void read(response).then(resolve, reject));
        request.on('error', reject);
        request.on('timeout', () =>
          request.destroy(new Error(`${call.method} ${call.path} got no answer in 20 seconds`)),
        );
      }),
    hangUp: (call) =>
      new Promise((resolve) => {
        const request = begin(call);
        request.on('error', () => {}); // Its own hanging up.
        request.once('close', resolve);
        setTimeout(() => request.destroy(), 1);
      }),
    close: () => agent.destroy(),
  };
}

function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => void chunks.push(chunk));
  return new Promise((resolve, reject) => {
    response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString())));
    response.on('error', reject);
  });
}

function answerOf({ headers, statusCode: status = 0 }: IncomingMessage, content: string): Answer {
  const all = Object.entries(headers);
  const head = JSON.stringify(all.filter(([name]) => !changing.has(name)));
  const body = parse(content);
  return {
    status,
    head: all,
    content,
    body,
    text: `${head}\n${content}`,
    get essence() {
      const shown =
        typeof body === 'object' && body !== null && 'requestId' in body ? { ...body, requestId: '' } : body;
      return `${status} ${head} ${JSON.stringify(shown)}`;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
