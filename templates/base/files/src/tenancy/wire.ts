import type { EventEmitter } from 'node:events';
import pg from 'pg';

/*
 * The parts of pg that its types leave out, as they are in pg 8.23 (lib/query.js, lib/connection.js, lib/utils.js). Nothing else in this repository relies on pg's internals.
 */

/** The connection below a client: one method for each message of the extended query protocol. */
export interface WireConnection extends EventEmitter {
  readonly stream: { cork(): void; uncork(): void; destroy(): void };
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly WireValue[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: object): void;
  close(message: { type: 'S'; name: string }): void;
  sync(): void;
}

export type WireValue = string | Buffer | null;

/** What pg collects of one statement's answer. */
export interface WireResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: unknown[];
}

/** A query that pg's client sends and feeds with the server's messages. */
export interface WireQuery {
  callback: (error: Error | null, result?: WireResult) => void;
  submit(connection: WireConnection): Error | null;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: WireConnection): void;
  handleError(error: Error, connection: WireConnection): void;
}

/** pg's own Query; in pipeline mode its client takes subclasses of it and nothing else. */
export const WireQuery = pg.Query as unknown as new (config: { readonly text: string }) => WireQuery;

/** Converts a value to what travels: text, or bytes as they are. Throws for what cannot be converted. */
export const wireValue = (pg as unknown as { utils: { prepareValue(value: unknown): WireValue } }).utils.prepareValue;

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
