import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';
import { followAnswers } from './answers.ts';

export interface CutOff {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** How often something was done that may last. */
  readonly changes: () => number;
  /** How often the client has spoken after the server. */
  readonly trips: () => number;
  readonly isCut: () => boolean;
  readonly close: () => Promise<void>;
}

/** A proxy in front of the database that ends every connection when the client speaks after the n-th change, before the server hears it. */
export async function cutOffAfter(databaseUrl: string, n: number): Promise<CutOff> {
  const target = new URL(databaseUrl);
  const looker = new pg.Client(databaseUrl);
  await looker.connect();
  /** Seen by everybody, unlike what is in pg_stat_activity. */
  const hasId = async (pid: number): Promise<boolean> => {
    const ofItsOwn = `select from pg_locks where locktype = 'transactionid' and mode = 'ExclusiveLock' and pid = $1`;
    return (await looker.query(ofItsOwn, [pid])).rowCount !== 0;
  };
  const sockets = new Set<Socket>();
  let trips = 0;
  let changes = 0;
  let isCut = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const answers = followAnswers(() => void (changes += 1));
    let answered = true;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {}); // One that was cut off is what this is for.
    }
    const forward = async (data: Buffer): Promise<void> => {
      // Nobody answers a client that takes its leave.
      const leaves = data.length === 5 && data[0] === 'X'.charCodeAt(0);
      if (answered && !leaves) trips += 1;
      answered = false;
      isCut ||= changes >= n && !leaves;
      if (isCut) {
        for (const socket of sockets) socket.destroy();
        return;
      }
      const pid = answers.pid();
      if (pid !== undefined && answers.isInTransaction() && (await hasId(pid))) answers.noteId();
      upstream.write(data);
    };
    let forwarded = Promise.resolve();
    client.on('data', (data) => {
      forwarded = forwarded.then(() => forward(data));
    });
    upstream.on('data', (data) => {
      answered = true;
      answers.read(data);
      client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) }).href,
    changes: () => changes,
    trips: () => trips,
    isCut: () => isCut,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await looker.end();
    },
  };
}
