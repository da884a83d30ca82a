import pg from 'pg';
import { isConnectionLost } from './one-sync.ts';
import { type Answered, type QueryResult, Session, settle } from './session.ts';
import type { Statement } from './statements.ts';
import { wireConnection } from './wire.ts';

interface OpenLane {
  readonly client: pg.Client;
  readonly session: Session;
  /** When it is replaced, at the first moment that nothing is on it. */
  readonly until: number;
}

interface Lane {
  open: Promise<OpenLane> | undefined;
  /** The same, once it is open. */
  ready: OpenLane | undefined;
  inFlight: number;
}

/**
 * A few connections that all requests share: their statements travel one behind the other without waiting for answers.
 * For short reads only, since a slow one delays those behind it. Every flight carries its own tenant context and is
 * read-only, so a lane that dies is opened anew and what was on it runs again.
 */
export class Lanes {
  readonly #lanes: readonly Lane[];
  readonly #config: pg.ClientConfig;
  readonly #options: { readonly named: boolean; readonly lifetime: number };

  /** `lifetime` in seconds. */
  constructor(count: number, config: pg.ClientConfig, options: { readonly named: boolean; readonly lifetime: number }) {
    this.#lanes = Array.from({ length: count }, () => ({ open: undefined, ready: undefined, inFlight: 0 }));
    this.#config = config;
    this.#options = options;
  }

  /**
   * Runs a flight on the lane that has the least to do, or nearly so and has prepared for the place before; one whose
   * lane died runs again, once.
   */
  run<Row>(flight: (session: Session) => readonly Statement[], target?: string): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      const answered = settle<Row>(resolve, reject);
      this.#send<Row>(flight, target, (error, result) => {
        if (error !== null && isConnectionLost(error)) this.#send(flight, target, answered);
        else answered(error, result);
      });
    });
  }

  /** Flights that were sent and not answered yet. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.inFlight, 0);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#lanes.map(async (lane) => {
        const { open } = lane;
        lane.open = undefined;
        lane.ready = undefined;
        await open?.then(({ client }) => client.end()).catch(() => {}); // A lane that is gone is closed.
      }),
    );
  }

  #send<Row>(
    flight: (session: Session) => readonly Statement[],
    target: string | undefined,
    answered: Answered<Row>,
  ): void {
    const lane = this.#choose(target);
    lane.inFlight += 1;
    const failed = (error: Error) => {
      lane.inFlight -= 1;
      answered(error);
    };
    const start = ({ client, session, until }: OpenLane) => {
      try {
        session.sendAlone<Row>(flight(session), (error, result) => {
          const old = lane.inFlight === 1 && (performance.now() > until || session.worn);
          if (old || !session.idle) this.#discard(lane, client);
          lane.inFlight -= 1;
          answered(error, result);
        });
      } catch (error) {
        failed(error as Error); // Nothing was sent.
      }
    };
    if (lane.ready !== undefined) start(lane.ready);
    else (lane.open ??= this.#connect(lane)).then(start, failed);
  }

  #leastBusy(): Lane {
    return this.#lanes.reduce((least, other) => (other.inFlight < least.inFlight ? other : least));
  }

  /** A place has two lanes where its statements are known; neither makes it wait much longer than another would. */
  #choose(target: string | undefined): Lane {
    const least = this.#leastBusy();
    if (target === undefined) return least;
    const first = hash(target);
    for (const place of [first, first + 1]) {
      const home = this.#lanes[place % this.#lanes.length];
      if (home !== undefined && home.inFlight <= least.inFlight * 1.5) return home;
    }
    return least;
  }

  #connect(lane: Lane): Promise<OpenLane> {
    const connect = async () => {
      const client = new pg.Client({ ...this.#config, pipeline: true });
      client.on('error', () => this.#discard(lane, client)); // What was on it is told by pg itself.
      await client.connect();
      const until = performance.now() + this.#options.lifetime * 1000;
      return { client, session: new Session(client, { named: this.#options.named, shared: true }), until };
    };
    const open = connect();
    open.then(
      (ready) => {
        if (lane.open === open) lane.ready = ready;
      },
      () => {
        if (lane.open === open) lane.open = undefined;
      },
    );
    return open;
  }

  /**
   * Takes a client off its lane and ends it at once: nothing may run behind a statement that left a transaction open.
   * The next flight opens another.
   */
  #discard(lane: Lane, client: pg.Client): void {
    if (lane.ready?.client === client) {
      lane.open = undefined;
      lane.ready = undefined;
    }
    wireConnection(client).stream.destroy();
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
