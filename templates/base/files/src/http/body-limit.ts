import type { IncomingHttpHeaders } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { Problem } from './problem.ts';

/** A body that ends in a 413 when it is larger than that; at once when it says so, or else when it is. */
export function limitBytes(request: { readonly headers: IncomingHttpHeaders }, body: Readable, most: number): Readable {
  if (Number(request.headers['content-length'] ?? 0) > most) throw new Problem(413);
  if (request.headers['transfer-encoding'] === undefined) return body;
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > most) done(new Problem(413));
      else done(null, chunk);
    },
  });
  return body.pipe(counted);
}
