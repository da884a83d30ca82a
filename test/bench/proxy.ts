import { connect, createServer } from 'node:net';

/*
 * Stands between an application and PostgreSQL, in a process of its own: delays what passes, and counts how often the client speaks after the server did. Started by
 * startProxy(); prints its port, and the count whenever it is asked on its standard input.
 */

const [host = '', port = '', delay = '0'] = process.argv.slice(2);
const halfWay = Number(delay) / 2;
let turns = 0;

interface Parcel {
  readonly due: number;
  readonly deliver: () => void;
}
const parcels: Parcel[] = [];
let polling = false;

/** Milliseconds between two looks at the clock. A network takes no processor from those who use it, so it is not looked at without a pause. */
const nap = 0.05;
const napping = new Int32Array(new SharedArrayBuffer(4));

/** Timers are too coarse for half a millisecond: while something is on its way, the clock is polled. */
function poll(): void {
  const now = performance.now();
  while (parcels[0] !== undefined && parcels[0].due <= now) parcels.shift()?.deliver();
  polling = parcels.length > 0;
  if (!polling) return;
  Atomics.wait(napping, 0, 0, nap);
  setImmediate(poll);
}

function later(deliver: () => void): void {
  if (halfWay === 0) return deliver();
  parcels.push({ due: performance.now() + halfWay, deliver });
  if (!polling) {
    polling = true;
    setImmediate(poll);
  }
}

const isTerminate = (bytes: Buffer): boolean => bytes.length === 5 && bytes[0] === 'X'.charCodeAt(0);

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host, port: Number(port), noDelay: true });
  let serverSpoke = true;
  client.on('data', (bytes) => {
    // A client that takes its leave waits for nothing.
    if (serverSpoke && !isTerminate(bytes)) turns += 1;
    serverSpoke = false;
    later(() => upstream.write(bytes));
  });
  upstream.on('data', (bytes) => {
    serverSpoke = true;
    later(() => client.write(bytes));
  });
  client.on('close', () => later(() => upstream.destroy()));
  upstream.on('close', () => later(() => client.destroy()));
  for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
});
process.on('message', () => process.send?.({ turns }));
process.on('disconnect', () => process.exit());
