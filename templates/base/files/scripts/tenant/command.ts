import type pg from 'pg';
import type { OptionName } from './parse.ts';

/** What a command was called with. */
export interface Arguments {
  /** Empty where there is none. */
  readonly slug: string;
  readonly json: boolean;
  readonly name: string | undefined;
  readonly owner: string | undefined;
  readonly graceDays: number;
  readonly limits: Readonly<Record<string, number | null>>;
  /** A folder, or a strategy. */
  readonly to: string | undefined;
  readonly confirm: boolean;
  readonly undo: boolean;
  readonly ready: number | undefined;
  /** Go on until told to end. */
  readonly watch: boolean;
}

/** What --json prints, and what people read. */
export interface Answer {
  readonly data: unknown;
  readonly text: string;
  /** It found something wrong. */
  readonly failed?: boolean;
  /** What remains to be done once the answer is printed. */
  readonly afterwards?: () => Promise<void>;
}

/** One of the commands. */
export interface Command {
  readonly takesSlug: boolean | 'or not';
  /** The options that it takes beside --json. */
  readonly options?: readonly OptionName[];
  /** What is wrong with how it was called beyond that, in a sentence; undefined when nothing is. */
  readonly problem?: (given: Arguments) => string | undefined;
  readonly run: (client: pg.Client, given: Arguments) => Promise<Answer>;
}

export type Commands = Readonly<Record<string, Command>>;
