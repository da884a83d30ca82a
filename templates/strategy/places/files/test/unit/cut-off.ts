import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CutOff {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** How often the client has spoken after the server. */
  readonly trips: () => number;
  readonly close: () => Promise<void>;
}

/** A proxy in front of the database that ends every connection when the client speaks for the n-th time, before the server hears it. */
export async function cutOffAt(databaseUrl: string, n: number): Promise<CutOff> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let trips = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let answered = true;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {}); // One that was cut off is what this is for.
    }
    client.on('data', (data) => {
      // Nobody answers a client that takes its leave.
      const leaves = data.length === 5 && data[0] === 'X'.charCodeAt(0);
      if (answered && !leaves) trips += 1;
      answered = false;
      if (trips < n) upstream.write(data);
      else for (const socket of sockets) socket.destroy();
    });
    upstream.on('data', (data) => {
      answered = true;
      client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) }).href,
    trips: () => trips,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
