import type { Headers, Piece, RawRequest } from './raw-http.ts';
import { credentials, type World } from './world.ts';

/** What the requests of a table are made of. */
export interface Stage {
  readonly world: World;
  /** Ids of the only members, the owners. */
  readonly member: string;
  readonly foreignMember: string;
  /** The owner's credentials as lines of a request's head. */
  readonly head: string;
}

/** A request; its headers join the owner's credentials. As pieces: the bytes as they are, with a pause after each. */
export type Sent = RawRequest | readonly Piece[];

/** A request that asks for what it should not, and what it gets. */
export interface Row {
  readonly what: string;
  readonly request: Sent | ((stage: Stage) => Sent | Promise<Sent>);
  /** Of each answer on the connection. */
  readonly status: number | readonly number[];
  /** What the problem document says beside the words of its status. */
  readonly detail?: string;
  /** Fields that it names, and what is wrong with them. */
  readonly errors?: Readonly<Record<string, string>>;
  /** Headers that the answer must have. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The rows of one kind, for an application that runs with more in its environment. */
export interface Theme {
  readonly rows: readonly Row[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Side by side, for rows that wait. */
  readonly concurrent?: boolean;
}

export const json: Headers = { 'content-type': 'application/json' };

/** Sends a body as JSON. */
export const post = (path: string, body: unknown, headers: Headers = {}): RawRequest => ({
  method: 'POST',
  path,
  headers: { ...json, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});

/** The lines of a request's head with the owner's credentials. */
export const headOf = (world: World): string =>
  Object.entries(credentials(world.acme))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
