import pg from 'pg';
import { Flight, isConnectionLost, Preparation, type Step } from './one-sync.ts';
import { type Prepared, PreparedStatements, type Statement, statementName } from './statements.ts';
import { type RowShape, send, wireConnection, type WireResult, type WireValue, wireValue } from './wire.ts';

/** What a connection did with a statement. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  /** Rows returned or changed. */
  readonly rowCount: number;
  /** INSERT, SELECT, COMMIT ... */
  readonly command: string;
}

/**
 * Places that a connection serves before it is replaced: the server's process keeps what it learned of every table, some
 * 13 kB each, for as long as it lives.
 */
const mostTargets = 200;

/** One connection to the database, and the statements prepared on it. */
export class Session {
  readonly #client: pg.ClientBase;
  readonly #named: boolean;
  readonly #prepared = new PreparedStatements<RowShape>();
  #lost = false;
  #retired = false;
  readonly #targets = new Set<string>();

  constructor(client: pg.ClientBase, options: { readonly named: boolean }) {
    this.#client = client;
    this.#named = options.named;
  }

  /**
   * False when the next user of the connection could find this one's transaction, or nothing at all: the connection
   * must then be destroyed.
   */
  get reusable(): boolean {
    return this.idle && !this.#retired && !this.worn;
  }

  /** True when it served so many places that it should be replaced as soon as nobody is waiting on it. */
  get worn(): boolean {
    return this.#targets.size > mostTargets;
  }

  /** True while no transaction is open. */
  get idle(): boolean {
    return !this.#lost && this.#client.getTransactionStatus() === 'I';
  }

  /** What runs now is the last that runs here: it may leave something behind. */
  retire(): void {
    this.#retired = true;
  }

  /** True while a transaction is open that has not failed. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() === 'T';
  }

  /**
   * Runs statements in one flight; the result is the last one's. Statements that are new to the connection are prepared
   * in the same write, so it stays one round trip.
   */
  async run<Row>(statements: readonly Statement[]): Promise<QueryResult<Row>> {
    try {
      return await this.#send<Row>(statements, () => {});
    } catch (error) {
      throw traced(error);
    }
  }

  /**
   * The same for a flight that is a transaction of its own: if it left one open, the connection is never used again.
   * When the connection had lost its prepared statements, nothing has run, and it runs once more.
   */
  async runAlone<Row>(statements: readonly Statement[]): Promise<QueryResult<Row>> {
    const assertIdle = () => {
      if (this.#client.getTransactionStatus() !== 'I') this.#lost = true;
    };
    try {
      return await this.#send<Row>(statements, assertIdle);
    } catch (error) {
      if (!isStale(error) || this.#lost) throw traced(error);
    }
    return await this.#send<Row>(statements, assertIdle);
  }

  /** `answered` is called before the answers behind this one are read. */
  #send<Row>(statements: readonly Statement[], answered: () => void): Promise<QueryResult<Row>> {
    return new Promise((resolve, reject) => {
      const steps = statements.map(({ text, values = [], target }): Step => ({
        name: this.#named ? statementName(text, target) : '',
        text,
        values: values.map(toWire),
      }));
      for (const { target } of statements) if (target !== undefined) this.#targets.add(target);
      const { stream } = wireConnection(this.#client);
      stream.cork();
      process.nextTick(() => stream.uncork()); // All that is sent in one turn leaves in one write.
      let unprepared: Error | undefined;
      let last: Prepared<RowShape> | undefined;
      for (const [index, { name, text }] of this.#named ? steps.entries() : []) {
        const { prepared, isNew, close } = this.#prepared.use(name);
        last = prepared;
        if (!isNew) continue;
        const done = (error: Error | null) => {
          if (error === null) return;
          unprepared ??= error;
          this.#prepared.forget(name);
        };
        // Tables of one place are found, and may be used, from within it only.
        const under = statements[index]?.target === undefined ? [] : steps.filter((_, at) => statements[at]?.enters);
        send(this.#client, new Preparation({ name, text, close, under }, done));
      }
      const done = (error: Error | null, result?: WireResult) => {
        answered();
        if (error !== null || result === undefined) {
          reject(this.#fail(unprepared ?? error));
          return;
        }
        if (last !== undefined) last.known ??= rowShape(result);
        resolve({ rows: result.rows as Row[], rowCount: result.rowCount ?? 0, command: result.command });
      };
      send(this.#client, new Flight(steps, last?.known, done));
    });
  }

  #fail(error: Error | null): Error {
    const cause = error ?? new Error('The server sent no result.');
    if (isConnectionLost(cause)) this.#lost = true;
    if (isStale(cause)) this.#prepared.forgetAll();
    return cause;
  }
}

/**
 * The server no longer has the statement (a pooler changed connections), or a migration changed the columns of its
 * result.
 */
function isStale(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.code === '26000' || (error.code === '0A000' && error.routine === 'RevalidateCachedQuery');
}

/** With the stack of the code that asked: pg's errors come out of its parser. */
function traced(error: unknown): unknown {
  if (error instanceof Error) Error.captureStackTrace(error);
  return error;
}

function rowShape({ fields, _parsers, _prebuiltEmptyResultObject }: RowShape): RowShape {
  return { fields, _parsers, _prebuiltEmptyResultObject };
}

/** Without the index that map() passes along. */
function toWire(value: unknown): WireValue {
  return wireValue(value);
}
