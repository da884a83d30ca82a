import type { EventEmitter } from 'node:events';
import pg from 'pg';

/*
 * The parts of pg that its types leave out, as they are in pg 8.23 (lib/query.js, lib/result.js, lib/connection.js,
 * lib/utils.js). Nothing else in this repository relies on pg's internals.
 */

/** The connection below a client. */
export interface WireConnection extends EventEmitter {
  readonly stream: {
    write(bytes: Buffer): boolean;
    cork(): void;
    uncork(): void;
    destroy(): void;
    readonly writable: boolean;
  };
}

/** A parameter as it travels: text, or bytes as they are. */
export type WireValue = string | Buffer | null;

/** How the rows of a statement are read. */
export interface RowShape {
  fields: unknown;
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
}

/** What pg collects of one statement's answer. */
export interface WireResult extends RowShape {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: unknown[];
}

/** A query that pg's client sends and feeds with the server's messages. */
export interface WireQuery {
  callback: (error: Error | null, result?: WireResult) => void;
  readonly _result: WireResult;
  /** True: rows are kept for the result. */
  _accumulateRows: boolean;
  submit(connection: WireConnection): Error | null;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: WireConnection): void;
  handleError(error: Error, connection: WireConnection): void;
}

/** pg's own Query; in pipeline mode its client takes subclasses of it and nothing else. */
export const WireQuery = pg.Query as unknown as new (text: string) => WireQuery;

/** Converts a value to what travels. Throws for what cannot be converted. */
export const wireValue = (pg as unknown as { utils: { prepareValue: (value: unknown) => WireValue } }).utils
  .prepareValue;

export function wireConnection(client: pg.ClientBase): WireConnection {
  return (client as unknown as { connection: WireConnection }).connection;
}

export function send(client: pg.ClientBase, query: WireQuery): void {
  client.query(query as unknown as pg.Submittable);
}

/** The process that the server said answers on this connection. */
export function processId(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID;
}
