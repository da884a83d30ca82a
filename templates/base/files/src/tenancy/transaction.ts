import { traceStatement } from '../telemetry/tracing.ts';
import { TenancyError } from './errors.ts';
import type { QueryResult, Session } from './session.ts';
import type { Statement } from './statements.ts';

/**
 * The statements of one interactive transaction. BEGIN and the tenant context travel with the first, so N statements
 * and the commit take N + 1 round trips.
 */
export class TransactionSession {
  readonly #session: Session;
  readonly #context: Statement;
  readonly #target: string | undefined;
  readonly #admit: (text: string) => void;
  #state: 'new' | 'open' | 'over' = 'new';
  #cursors = 0;

  /** `target` is what its prepared statements are good for; `admit` throws for a text that must not run. */
  constructor(session: Session, context: Statement, target: string | undefined, admit: (text: string) => void) {
    this.#session = session;
    this.#context = context;
    this.#target = target;
    this.#admit = admit;
  }

  /** Runs a statement that reads or writes rows. */
  query<Row>(statement: Statement): Promise<QueryResult<Row>> {
    this.#admit(statement.text);
    return this.control<Row>(this.#target === undefined ? statement : { ...statement, target: this.#target });
  }

  /** Runs any statement: savepoints and cursors. */
  async control<Row>(statement: Statement): Promise<QueryResult<Row>> {
    if (this.#state === 'over') {
      throw new TenancyError(
        'transaction-over',
        'The transaction is over. Next: await every statement inside its work.',
      );
    }
    const opening = this.#state === 'new' ? [{ text: 'begin' }, this.#context] : [];
    this.#state = 'open';
    const result = await traceStatement(statement.text, () => this.#session.run<Row>([...opening, statement]));
    // A statement ended it; what follows would run without a tenant.
    if (!this.#session.inTransaction && this.#session.idle) this.#state = 'over';
    return result;
  }

  /** Reads a result in pieces, through a cursor that ends with the reading. */
  async *stream<Row>(statement: Statement, size: number): AsyncGenerator<Row[]> {
    if (!Number.isInteger(size) || size < 1)
      throw new TenancyError('unsupported', 'A stream is read in pieces of 1 row or more.');
    this.#admit(statement.text);
    const cursor = `stream_${(this.#cursors += 1)}`;
    await this.control({
      text: `declare ${cursor} no scroll cursor for ${statement.text}`,
      values: statement.values ?? [],
      ...(this.#target !== undefined && { target: this.#target }),
    });
    try {
      for (;;) {
        const { rows } = await this.control<Row>({ text: `fetch forward ${size} from ${cursor}` });
        if (rows.length > 0) yield rows;
        if (rows.length < size) break;
      }
    } finally {
      if (this.#session.inTransaction) await this.control({ text: `close ${cursor}` });
    }
  }

  /**
   * Refuses to pass a rollback off as a commit: PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no
   * error.
   */
  async commit(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'over';
      return;
    }
    if (this.#state === 'over') throw new TenancyError('transaction-over', 'A statement of the transaction ended it.');
    this.#state = 'over';
    const { command } = await this.#session.run([{ text: 'commit' }]);
    if (command !== 'COMMIT') {
      throw new TenancyError(
        'transaction-aborted',
        'Nothing was written: a statement of the transaction failed and its error was caught. Next: let it out, or use a savepoint.',
      );
    }
  }

  /** Leaves a connection that cannot roll back to whoever releases it: it is not reusable then. */
  async rollback(): Promise<void> {
    const begun = this.#state !== 'new';
    this.#state = 'over';
    if (begun && !this.#session.idle) await this.#session.run([{ text: 'rollback' }]).catch(() => {});
  }
}
