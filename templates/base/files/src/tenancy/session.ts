import pg from 'pg';
import { Flight, isConnectionLost, Preparation, type Step } from './one-sync.ts';
import { type Prepared, PreparedStatements, type Statement, statementName } from './statements.ts';
import { type RowShape, send, wireConnection } from './wire.ts';

/** What a connection did with a statement. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  /** Rows returned or changed. */
  readonly rowCount: number;
  /** INSERT, SELECT, COMMIT ... */
  readonly command: string;
}

/** Told once: an error, or null and what the last statement of a flight returned. */
export type Answered<Row> = (error: Error | null, result?: QueryResult<Row>) => void;

export interface SessionOptions {
  /** Statements are prepared under names. */
  readonly named: boolean;
  /** Several users send at the same time: while the server is busy with some, what the others send leaves in one write. */
  readonly shared?: boolean;
}

const noValues: readonly unknown[] = [];

/**
 * Statements of places that a connection prepares before it is replaced, each counted once: the server's process keeps
 * what it learned of every table, some 50 kB with its indexes and policies, for as long as it lives.
 */
const mostLearned = 1000;

/** One connection to the database, and the statements prepared on it. */
export class Session {
  readonly #client: pg.ClientBase;
  readonly #stream: ReturnType<typeof wireConnection>['stream'];
  readonly #named: boolean;
  readonly #shared: boolean;
  readonly #prepared = new PreparedStatements<RowShape>();
  #corked = false;
  /** Flights that were sent and not answered yet. */
  #inFlight = 0;
  #lost = false;
  #retired = false;
  readonly #learned = new Set<string>();

  constructor(client: pg.ClientBase, { named, shared = false }: SessionOptions) {
    this.#client = client;
    this.#stream = wireConnection(client).stream;
    this.#named = named;
    this.#shared = shared;
  }

  /**
   * False when the next user of the connection could find this one's transaction, or nothing at all: the connection
   * must then be destroyed.
   */
  get reusable(): boolean {
    return this.idle && !this.#retired && !this.worn;
  }

  /** True when it learned of so many tables that it should be replaced as soon as nobody is waiting on it. */
  get worn(): boolean {
    return this.#learned.size > mostLearned;
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
      return await new Promise((resolve, reject) => this.#send<Row>(statements, settle(resolve, reject)));
    } catch (error) {
      throw traced(error);
    }
  }

  /** The same for a flight that is a transaction of its own, as sendAlone() runs it. */
  async runAlone<Row>(statements: readonly Statement[]): Promise<QueryResult<Row>> {
    try {
      return await new Promise((resolve, reject) => this.sendAlone<Row>(statements, settle(resolve, reject)));
    } catch (error) {
      throw traced(error);
    }
  }

  /**
   * Runs a flight that is a transaction of its own: if it left one open, the connection is never used again. When the
   * connection had lost its prepared statements, nothing has run, and it runs once more. Throws for what cannot be sent;
   * `answered` is called before the answers behind this one are read.
   */
  sendAlone<Row>(statements: readonly Statement[], answered: Answered<Row>, again = true): void {
    this.#send<Row>(statements, (error, result) => {
      if (this.#client.getTransactionStatus() !== 'I') this.#lost = true;
      if (error !== null && again && !this.#lost && isStale(error)) this.sendAlone(statements, answered, false);
      else answered(error, result);
    });
  }

  #send<Row>(statements: readonly Statement[], answered: Answered<Row>): void {
    let last: Prepared<RowShape> | undefined;
    let unknown: Statement[] | undefined;
    const steps = statements.map((statement) => {
      const { text, values = noValues } = statement;
      if (!this.#named) return { name: '', text, values };
      last = this.#prepared.use(statement);
      if (last === undefined) (unknown ??= []).push(statement);
      return { name: last?.name ?? statementName(statement), text, values };
    });
    let unprepared: Error | undefined;
    const flight = new Flight(steps, last?.known, (error, result) => {
      this.#inFlight -= 1;
      if (error !== null || result === undefined) {
        answered(this.#fail(unprepared ?? error));
        return;
      }
      if (last !== undefined) last.known ??= rowShape(result);
      answered(null, { rows: result.rows as Row[], rowCount: result.rowCount ?? 0, command: result.command });
    });
    if (this.#shared || unknown !== undefined) this.#cork();
    for (const statement of unknown ?? []) {
      // Tables of one place are found, and may be used, from within it only.
      const under = statement.target === undefined ? [] : steps.filter((_, index) => statements[index]?.enters);
      const preparation = this.#prepare(statement, under, (error) => (unprepared ??= error));
      if (statement === statements.at(-1)) last = preparation;
    }
    this.#inFlight += 1;
    send(this.#client, flight);
  }

  /** Sends a preparation; `failed` is told when the server refuses the statement. */
  #prepare(wanted: Statement, under: readonly Step[], failed: (error: Error) => void): Prepared<RowShape> {
    const { statement, close } = this.#prepared.add(wanted);
    if (wanted.target !== undefined) this.#learned.add(statement.name);
    const done = (error: Error | null) => {
      if (error === null) return;
      this.#prepared.forget(wanted);
      failed(error);
    };
    send(this.#client, new Preparation({ name: statement.name, text: wanted.text, close, under }, done));
    return statement;
  }

  /**
   * Gathers what is sent into one write, which costs the same for one flight and for many. A server that has nothing to
   * do gets it at once; a busy one when the turn of the event loop ends.
   */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    const uncork = () => {
      this.#corked = false;
      this.#stream.uncork();
    };
    if (this.#inFlight === 0) process.nextTick(uncork);
    else setImmediate(uncork);
  }

  #fail(error: Error | null): Error {
    const cause = error ?? new Error('The server sent no result.');
    if (isConnectionLost(cause)) this.#lost = true;
    if (isStale(cause)) this.#prepared.forgetAll();
    return cause;
  }
}

export function settle<Row>(
  resolve: (result: QueryResult<Row>) => void,
  reject: (error: Error) => void,
): Answered<Row> {
  return (error, result) => (error === null ? resolve(result as QueryResult<Row>) : reject(error));
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
export function traced(error: unknown): unknown {
  if (error instanceof Error) Error.captureStackTrace(error);
  return error;
}

function rowShape({ fields, _parsers, _prebuiltEmptyResultObject }: RowShape): RowShape {
  return { fields, _parsers, _prebuiltEmptyResultObject };
}
