import { connect, type Socket } from 'node:net';

/*
 * Sends requests over HTTP/1.1, in a process of its own: the server under measurement should not share its thread with those who ask. It reads of an answer what it takes to know that it ended, which
 * leaves most of two processors to the server. Started by createGenerator().
 */

/** One kind of clients that ask at the same time. */
export interface Party {
  /** Each client has a connection of its own, and one request on it at a time. */
  readonly clients: number;
  /** Whole requests, sent in turns; the first line, headers, an empty line. */
  readonly requests: readonly string[];
  /** Milliseconds between an answer and the next request, more or less by half. */
  readonly pause?: number;
  /** Other statuses than 200 that count as answered; anything else ends the measurement. */
  readonly refusals?: readonly number[];
}

export interface Order {
  readonly port: number;
  readonly ms: number;
  readonly parties: readonly Party[];
}

/** What one party got. */
export interface Served {
  readonly seconds: number;
  /** Milliseconds of every request that was answered with 200, in no order. */
  readonly latencies: readonly number[];
  readonly refused: number;
}

export type Report = { readonly served: readonly Served[] } | { readonly error: string };

const idle = new Map<number, Client[]>();

/** A connection that is kept alive from one measurement to the next. */
class Client {
  readonly #socket: Socket;
  #received = '';
  #answered: ((status: number) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => this.#failed?.(new Error('the server closed a connection')));
  }

  /** Resolves with the status. Rejects when the connection ends. */
  ask(request: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request, 'latin1');
    });
  }

  #read(text: string): void {
    this.#received += text;
    const body = this.#received.indexOf('\r\n\r\n') + 4;
    if (body < 4) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1];
    if (length === undefined) return this.#failed?.(new Error(`no content-length: ${this.#received}`));
    if (this.#received.length < body + Number(length)) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#answered?.(status);
  }
}

async function run({ port, ms, parties }: Order): Promise<readonly Served[]> {
  const free = idle.get(port) ?? [];
  idle.set(port, free);
  const start = performance.now();
  const end = start + ms;
  return await Promise.all(
    parties.map(async ({ clients, requests, pause = 0, refusals = [] }) => {
      const latencies: number[] = [];
      let refused = 0;
      let next = 0;
      const work = async (): Promise<void> => {
        const client = free.pop() ?? new Client(port);
        if (pause > 0) await wait(Math.random() * pause);
        while (performance.now() < end) {
          const request = requests[(next += 1) % requests.length] as string;
          const sent = performance.now();
          const status = await client.ask(request);
          if (status === 200) latencies.push(performance.now() - sent);
          else if (refusals.includes(status)) refused += 1;
          else throw new Error(`${request.split('\r\n')[0]} was answered with ${status}`);
          if (pause > 0) await wait(pause * (0.5 + Math.random()));
        }
        free.push(client);
      };
      await Promise.all(Array.from({ length: clients }, work));
      return { seconds: (performance.now() - start) / 1000, latencies, refused };
    }),
  );
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

process.on('message', (order: Order) => {
  run(order).then(
    (served) => process.send?.({ served } satisfies Report),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Report),
  );
});
process.on('disconnect', () => process.exit());
