import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse } from 'secure-json-parse';
import { Problem } from './problem.ts';

/**
 * The value of a request's body, or a problem: 415 when it is not JSON, 413 when it has more bytes, 400 when it cannot
 * be read. An empty body is none: many clients announce JSON with every request, a DELETE too.
 */
export async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  assertJson(request.headers);
  const bytes = await readBytes(request, mostBytes);
  if (bytes.length === 0) return undefined;
  try {
    return parse(utf8.decode(bytes), { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new Problem(400, undefined, { cause: error });
  }
}

/** RFC 8259 section 8.1: JSON that is exchanged is UTF-8. */
const json = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Nothing compressed: what is small to send could be huge to read. */
function assertJson(headers: IncomingHttpHeaders): void {
  const { 'content-type': type, 'content-length': length = '0', 'transfer-encoding': transfer } = headers;
  if (type === undefined && length === '0' && transfer === undefined) return;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!json.test(type ?? '') || encoding.toLowerCase() !== 'identity') throw new Problem(415);
}

/** Refuses a body that is too large at once when it says so, or else when it is. */
async function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw new Problem(413);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Destroying the request would take away the connection to answer on.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > most) throw new Problem(413);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, undefined, { cause: error }); // It was cut off.
  }
  return Buffer.concat(chunks);
}
