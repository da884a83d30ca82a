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

/** What was found out about texts, once for each; the texts of an application are few. */
class Texts<Fact> {
  readonly #facts = new Map<string, Fact>();
  readonly #find: (text: string) => Fact;

  /** `find` is asked again when there were too many texts meanwhile. What it throws is remembered by nobody. */
  constructor(find: (text: string) => Fact) {
    this.#find = find;
  }

  of(text: string): Fact {
    const known = this.#facts.get(text);
    if (known !== undefined) return known;
    const fact = this.#find(text);
    if (this.#facts.size >= 2000) this.#facts.clear();
    this.#facts.set(text, fact);
    return fact;
  }
}

/**
 * Refuses what would change the session or the transaction that it shares with others: begin, commit, set, declare,
 * listen, prepare, do, ... A comment in front hides nothing. The first line of defence; the second is that a connection
 * whose transaction status is not idle after use is destroyed.
 */
export function assertPlainStatement(text: string): void {
  if (plainTexts.of(text)) return;
  throw new TenancyError(
    'forbidden-statement',
    `Only statements that read or write rows run here, not: ${text.trim().slice(0, 40)}`,
  );
}

const plainTexts = new Texts((text) => plain.test(text) || plain.test(withoutLeadingComments(text)));

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
 * Functions of PostgreSQL that change the session beyond their statement, those that run a text in which such a call
 * can hide, and the notation that hides a name.
 */
const lasting =
  /set_config|update[\s\S]*pg_settings|pg_(?:try_)?advisory_(?:un)?lock|setseed|_to_xml|to_xmlschema|ts_stat|ts_rewrite|\blo_|dblink|u&"/i;

/** True for a text whose connection must serve nobody else afterwards: it may have set what outlives the statement. */
export function leavesTraces(text: string): boolean {
  return lastingTexts.of(text);
}

const lastingTexts = new Texts((text) => lasting.test(text));

/** The name under which a statement is prepared: a hash of its text, and the place that it is for. */
export function statementName({ text, target }: Statement): string {
  return target === undefined ? names.of(text) : `${names.of(text)}_${target}`;
}

const names = new Texts((text) => `s_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`);

const keyOf = ({ text, target }: Statement): string => (target === undefined ? text : `${target} ${text}`);

/** One preparation of a statement on a connection, and what was learned from its answers. */
export interface Prepared<Known> {
  readonly name: string;
  known?: Known;
}

/** Which statements one connection has prepared. */
export class PreparedStatements<Known> {
  /** By text and place; `used` says how recently, in uses of the connection. */
  readonly #prepared = new Map<string, { readonly statement: Prepared<Known>; used: number }>();
  readonly #limit: number;
  #uses = 0;

  constructor(limit = 500) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#prepared.size;
  }

  /** The statement, which is used now; undefined when it has to be prepared first. */
  use(statement: Statement): Prepared<Known> | undefined {
    const found = this.#prepared.get(keyOf(statement));
    if (found === undefined) return undefined;
    found.used = this.#uses += 1;
    return found.statement;
  }

  /** Notes that a statement is being prepared, and says which one to close for it. */
  add(wanted: Statement): { readonly statement: Prepared<Known>; readonly close: string | undefined } {
    const close = this.#prepared.size >= this.#limit ? this.#removeOldest() : undefined;
    const statement = { name: statementName(wanted) };
    this.#prepared.set(keyOf(wanted), { statement, used: (this.#uses += 1) });
    return { statement, close };
  }

  forget(statement: Statement): void {
    this.#prepared.delete(keyOf(statement));
  }

  forgetAll(): void {
    this.#prepared.clear();
  }

  /** The one that was not used for longest: looked for only when there is a new text, so that a use costs nothing. */
  #removeOldest(): string | undefined {
    let oldest: string | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [key, { used }] of this.#prepared) {
      if (used >= least) continue;
      least = used;
      oldest = key;
    }
    if (oldest === undefined) return undefined;
    const name = this.#prepared.get(oldest)?.statement.name;
    this.#prepared.delete(oldest);
    return name;
  }
}
