import { createHash } from 'node:crypto';
import { TenancyError } from './errors.ts';

/** One SQL statement with `$1`, `$2` ... for its values. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** What it is good for once it is prepared: elsewhere the same text means other tables. */
  readonly target?: string;
  /** It makes the session able to prepare those behind it. */
  readonly enters?: true;
}

const plain = /^\s*(?:select|insert|update|delete|merge|with|values|table|explain)\b/i;
const leading = /^(?:\s|\(|--[^\n]*(?:\n|$))+/;

/**
 * Refuses what would change the session or the transaction that it shares with others: begin, commit, set, declare,
 * listen, prepare, do, ... A comment in front hides nothing. The first line of defence; the second is that a connection
 * whose transaction status is not idle after use is destroyed.
 */
export function assertPlainStatement(text: string): void {
  if (plain.test(text) || plain.test(withoutLeadingComments(text))) return;
  throw new TenancyError(
    'forbidden-statement',
    `Only statements that read or write rows run here, not: ${text.trim().slice(0, 40)}`,
  );
}

/** Comments in PostgreSQL nest. */
function withoutLeadingComments(text: string): string {
  let rest = text.replace(leading, '');
  while (rest.startsWith('/*')) {
    let depth = 0;
    let end = rest.length;
    for (const { 0: token, index } of rest.matchAll(/\/\*|\*\//g)) {
      depth += token === '/*' ? 1 : -1;
      if (depth === 0) {
        end = index + 2;
        break;
      }
    }
    rest = rest.slice(end).replace(leading, '');
  }
  return rest;
}

/**
 * Functions of PostgreSQL that change the session beyond their statement, those that run a text in which such a call can
 * hide, and the notation that hides a name.
 */
const lasting =
  /set_config|update[\s\S]*pg_settings|pg_(?:try_)?advisory_(?:un)?lock|setseed|_to_xml|to_xmlschema|ts_stat|ts_rewrite|\blo_|dblink|u&"/i;

const traces = new Map<string, boolean>();

/** True for a text whose connection must serve nobody else afterwards: it may have set what outlives the statement. */
export function leavesTraces(text: string): boolean {
  let found = traces.get(text);
  if (found === undefined) {
    if (traces.size >= 2000) traces.clear();
    found = lasting.test(text);
    traces.set(text, found);
  }
  return found;
}

const remembered = new Map<string, string>();

/** The name under which a statement is prepared: a hash of its text, and the place that it is for. */
export function statementName(text: string, target?: string): string {
  return target === undefined ? textName(text) : `${textName(text)}_${target}`;
}

function textName(text: string): string {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const name = `s_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`;
  if (remembered.size >= 2000) remembered.clear();
  remembered.set(text, name);
  return name;
}

/** One preparation of a statement on a connection, and what was learned from its answers. */
export interface Prepared<Known> {
  known?: Known;
}

/** Which statements one connection has prepared, least recently used first. */
export class PreparedStatements<Known> {
  readonly #prepared = new Map<string, Prepared<Known>>();
  readonly #limit: number;

  constructor(limit = 500) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#prepared.size;
  }

  /** Notes a use. Says whether the statement has to be prepared first, and which one to close for it. */
  use(name: string): { readonly prepared: Prepared<Known>; readonly isNew: boolean; readonly close?: string } {
    const known = this.#prepared.get(name);
    if (known !== undefined) {
      this.#prepared.delete(name);
      this.#prepared.set(name, known);
      return { prepared: known, isNew: false };
    }
    const [oldest] = this.#prepared.size >= this.#limit ? this.#prepared.keys() : [];
    if (oldest !== undefined) this.#prepared.delete(oldest);
    const prepared = {};
    this.#prepared.set(name, prepared);
    return { prepared, isNew: true, ...(oldest !== undefined && { close: oldest }) };
  }

  forget(name: string): void {
    this.#prepared.delete(name);
  }

  forgetAll(): void {
    this.#prepared.clear();
  }
}
