import type pg from 'pg';

/** What a command was called with. */
export interface Arguments {
  readonly slug: string;
  readonly json: boolean;
  readonly name: string | undefined;
  readonly owner: string | undefined;
  readonly graceDays: number;
  readonly limits: Readonly<Record<string, number | null>>;
  /** A folder. */
  readonly to: string | undefined;
  readonly ready: number | undefined;
}

/** A command returns what --json prints, and what people read; `failed` when it found something wrong. */
type Command = (
  client: pg.Client,
  given: Arguments,
) => Promise<{ readonly data: unknown; readonly text: string; readonly failed?: boolean }>;

export type Commands = Readonly<Record<string, { readonly takesSlug: boolean; readonly run: Command }>>;
