import pg from 'pg';
import { serialize } from 'pg-protocol';
import { type RowShape, type WireConnection, WireQuery, type WireResult, type WireValue, wireValue } from './wire.ts';

/** A statement ready to travel: prepared under its name, or unnamed (an empty name) and parsed on the way. */
export interface Step {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

type Done = (error: Error | null, result?: WireResult) => void;

const execute = serialize.execute();
const sync = serialize.sync();
const ending = Buffer.concat([execute, sync]);
const describedEnding = Buffer.concat([serialize.describe({ type: 'P' }), ending]);

/**
 * Several statements in one flight under one Sync. Between two Syncs of the extended query protocol everything is one
 * implicit transaction (PostgreSQL manual, "Message Flow", Pipelining), and after an error the server skips to the
 * Sync: a statement whose tenant context failed cannot run, and a local setting dies with the Sync, whatever happened.
 * One round trip. The result is that of the last statement; those before it must return no rows.
 */
export class Flight extends WireQuery {
  readonly #bytes: Buffer;
  #unanswered: number;

  /**
   * With the `shape` that the last statement had before on this connection, the server is not asked for it. Throws for a
   * value that cannot be sent.
   */
  constructor(steps: readonly Step[], shape: RowShape | undefined, done: Done) {
    super('');
    this.#bytes = encode(steps, shape === undefined ? describedEnding : ending);
    this.#unanswered = steps.length - 1;
    this.callback = done;
    if (shape === undefined) return;
    const result = this._result;
    result.fields = shape.fields;
    result._parsers = shape._parsers;
    result._prebuiltEmptyResultObject = shape._prebuiltEmptyResultObject;
    this._accumulateRows = true;
  }

  override submit(connection: WireConnection): null {
    if (connection.stream.writable) connection.stream.write(this.#bytes);
    return null;
  }

  override handleDataRow(message: unknown): void {
    if (this.#unanswered === 0) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: WireConnection): void {
    if (this.#unanswered === 0) super.handleCommandComplete(message, connection);
    else this.#unanswered -= 1;
  }

  override handleError(error: Error, connection: WireConnection): void {
    afterSync(error, connection, this.callback);
  }
}

function encode(steps: readonly Step[], end: Buffer): Buffer {
  const messages: Buffer[] = [];
  const last = steps.length - 1;
  for (const [index, { name, text, values }] of steps.entries()) {
    if (name === '') messages.push(serialize.parse({ text }));
    messages.push(serialize.bind({ statement: name, values: values as unknown[], valueMapper: toWire }));
    messages.push(index === last ? end : execute);
  }
  return Buffer.concat(messages);
}

/** Without the index that comes along. */
const toWire = (value: unknown): WireValue => wireValue(value);

/**
 * Prepares a statement under a Sync of its own, so that no failure of another statement can undo it; closes one that
 * made room.
 */
export class Preparation extends WireQuery {
  readonly #bytes: Buffer;

  constructor(
    statement: {
      readonly name: string;
      readonly text: string;
      readonly close: string | undefined;
      /** What runs first, so that its names are found. */
      readonly under: readonly Step[];
    },
    done: Done,
  ) {
    super('');
    const { name, text, close, under } = statement;
    this.#bytes = Buffer.concat([
      encode(under, execute),
      ...(close === undefined ? [] : [serialize.close({ type: 'S', name: close })]),
      // Closing a name that is not there is no error; preparing one that is left from before would be.
      serialize.close({ type: 'S', name }),
      serialize.parse({ name, text }),
      sync,
    ]);
    this.callback = done;
  }

  override submit(connection: WireConnection): null {
    if (connection.stream.writable) connection.stream.write(this.#bytes);
    return null;
  }

  override handleError(error: Error, connection: WireConnection): void {
    afterSync(error, connection, this.callback);
  }
}

/**
 * True when the server ends the connection with the error, or when it is not the server that speaks: there is no Sync
 * to wait for.
 */
export function isConnectionLost(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL' || error.severity === 'PANIC';
}

/**
 * Reports an error only when the server has reached the Sync: only then does the client know the transaction status
 * that the connection was left in.
 */
function afterSync(error: Error, connection: WireConnection, done: Done): void {
  if (isConnectionLost(error)) {
    done(error);
    return;
  }
  const settle = () => {
    connection.off('readyForQuery', settle);
    connection.off('end', settle);
    done(error);
  };
  connection.once('readyForQuery', settle);
  connection.once('end', settle);
}
