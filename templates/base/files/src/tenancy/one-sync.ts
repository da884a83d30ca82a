import pg from 'pg';
import { type WireConnection, WireQuery, type WireResult, type WireValue } from './wire.ts';

/** A statement ready to travel: prepared under its name, or unnamed (an empty name) and parsed on the way. */
export interface Step {
  readonly name: string;
  readonly text: string;
  readonly values: readonly WireValue[];
}

type Done = (error: Error | null, result?: WireResult) => void;

/**
 * Several statements in one flight under one Sync. Between two Syncs of the extended query protocol everything is one implicit transaction (PostgreSQL manual, "Message Flow",
 * Pipelining), and after an error the server skips to the Sync: a statement whose tenant context failed cannot run, and a local setting dies with the Sync, whatever happened.
 * One round trip. The result is that of the last statement; those before it must return no rows.
 */
export class Flight extends WireQuery {
  readonly #steps: readonly Step[];
  #unanswered: number;

  constructor(steps: readonly Step[], done: Done) {
    super({ text: steps[steps.length - 1]?.text ?? '' });
    this.#steps = steps;
    this.#unanswered = steps.length - 1;
    this.callback = done;
  }

  override submit(connection: WireConnection): null {
    connection.stream.cork();
    try {
      for (const [index, { name, text, values }] of this.#steps.entries()) {
        if (name === '') connection.parse({ name, text });
        connection.bind({ statement: name, values });
        if (index === this.#steps.length - 1) connection.describe({ type: 'P', name: '' });
        connection.execute({});
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
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

/** Prepares a statement under a Sync of its own, so that no failure of another statement can undo it; closes one that made room. */
export class Preparation extends WireQuery {
  readonly #name: string;
  readonly #text: string;
  readonly #close: string | undefined;

  constructor(statement: { readonly name: string; readonly text: string; readonly close?: string }, done: Done) {
    super({ text: statement.text });
    this.#name = statement.name;
    this.#text = statement.text;
    this.#close = statement.close;
    this.callback = done;
  }

  override submit(connection: WireConnection): null {
    connection.stream.cork();
    try {
      if (this.#close !== undefined) connection.close({ type: 'S', name: this.#close });
      // Closing a name that is not there is no error; one that is left from before would be.
      connection.close({ type: 'S', name: this.#name });
      connection.parse({ name: this.#name, text: this.#text });
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  override handleError(error: Error, connection: WireConnection): void {
    afterSync(error, connection, this.callback);
  }
}

/** True when the server ends the connection with the error, or when it is not the server that speaks: there is no Sync to wait for. */
export function isConnectionLost(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL' || error.severity === 'PANIC';
}

/** Reports an error only when the server has reached the Sync: only then does the client know the transaction status that the connection was left in. */
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
