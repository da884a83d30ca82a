import type pg from 'pg';
import { type QueryResult, Session, settle } from './session.ts';
import type { Statement } from './statements.ts';

export interface ConnectionsOptions {
  /** Statements are prepared under names. */
  readonly named: boolean;
  /** False when a connection must be destroyed instead of serving the next user. */
  readonly isReusable: (session: Session) => boolean;
}

/** A connection of the pool. Whoever uses it calls `release` once. */
interface Lent {
  readonly session: Session;
  readonly release: () => void;
}

interface Waiting {
  /** By performance.now(). */
  readonly until: number;
  readonly serve: (lent: Lent) => void;
  readonly fail: (error: Error) => void;
}

/** Milliseconds that a statement waits for a connection. */
const patience = 10_000;

/** Users in a row after which the pool gets a connection back: it may be due for replacement. */
const mostInARow = 1000;

/**
 * Connections that serve one user at a time. Whoever waits gets the next one that is free, in the order of asking and
 * straight from the user before; the pool sees a connection again when nobody waits.
 */
export class Connections {
  readonly #pool: pg.Pool;
  readonly #options: ConnectionsOptions;
  readonly #sessions = new WeakMap<pg.ClientBase, Session>();
  readonly #waiting: Waiting[] = [];
  /** Connections that the pool was asked for and has not got back. */
  #borrowed = 0;
  #isWatched = false;

  constructor(pool: pg.Pool, options: ConnectionsOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  get load(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    return { open: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#waiting.length };
  }

  /**
   * Runs a flight that is a transaction of its own. `flight` is called when there is a connection, as whoever had it
   * before: it must know the tenant already.
   */
  run<Row>(flight: (session: Session) => readonly Statement[]): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      const answered = settle<Row>(resolve, reject);
      const serve = ({ session, release }: Lent) => {
        try {
          session.sendAlone<Row>(flight(session), (error, result) => {
            release();
            answered(error, result);
          });
        } catch (error) {
          release(); // Nothing was sent.
          reject(error as Error);
        }
      };
      this.#ask(serve, reject);
    });
  }

  /** Lends a connection for as long as the work takes. */
  async lend<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { session, release } = await new Promise<Lent>((resolve, reject) => this.#ask(resolve, reject));
    try {
      return await work(session);
    } finally {
      release();
    }
  }

  /** Ends every connection when it is free; whoever waits is served first. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  #ask(serve: Waiting['serve'], fail: Waiting['fail']): void {
    this.#waiting.push({ until: performance.now() + patience, serve, fail });
    if (this.#borrowed < this.#pool.options.max) this.#borrow();
    else this.#watch();
  }

  #borrow(): void {
    this.#borrowed += 1;
    this.#pool.connect((error, client, release) => {
      if (client === undefined) {
        this.#borrowed -= 1;
        this.#waiting.shift()?.fail(error ?? new Error('The pool gave no connection.'));
        if (this.#waiting.length > this.#borrowed) this.#borrow();
        return;
      }
      let session = this.#sessions.get(client);
      if (session === undefined) {
        session = new Session(client, { named: this.#options.named });
        this.#sessions.set(client, session);
      }
      this.#serveWith(session, release);
    });
  }

  #serveWith(session: Session, giveBack: (destroy: boolean) => void): void {
    let left = mostInARow;
    const end = (destroy: boolean) => {
      this.#borrowed -= 1;
      giveBack(destroy);
      if (this.#waiting.length > 0) this.#borrow();
    };
    const serveNext = () => {
      const next = left-- > 0 ? this.#waiting.shift() : undefined;
      if (next === undefined) end(false);
      else next.serve(lent);
    };
    const lent: Lent = {
      session,
      release: () => (this.#options.isReusable(session) ? serveNext() : end(true)),
    };
    serveNext();
  }

  /** Tells those who waited too long; one timer for all of them. */
  #watch(after = patience): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    setTimeout(() => {
      this.#isWatched = false;
      const now = performance.now();
      while (this.#waiting[0] !== undefined && this.#waiting[0].until <= now) {
        this.#waiting.shift()?.fail(new Error('timeout exceeded when trying to connect'));
      }
      const [next] = this.#waiting;
      if (next !== undefined) this.#watch(next.until - now);
    }, after).unref();
  }
}
