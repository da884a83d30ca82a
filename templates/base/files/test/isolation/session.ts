import pg from 'pg';
import { send, wireConnection, WireQuery, type WireResult } from '../../src/tenancy/wire.ts';
import { withClient } from '../setup/database.ts';
import type { Settings } from './contexts.ts';
import { goingThere } from './homes.ts';
import type { Character } from './privileged.ts';
import { literal } from './sql.ts';

/** What a statement did. Values are texts as PostgreSQL writes them. */
export interface Outcome {
  readonly sql: string;
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  readonly rowCount: number;
  readonly error?: pg.DatabaseError;
}

/** Runs statements as the runtime role in a transaction that is rolled back, until one fails. */
export type Attempt = (settings: Settings, ...statements: readonly string[]) => Promise<readonly Outcome[]>;

/** Connects; every value arrives as text. */
export async function connect(url: string, applicationName = 'isolation suite'): Promise<pg.Client> {
  const asText = { getTypeParser: () => String } as unknown as pg.CustomTypesConfig;
  const options: pg.ClientConfig & { readonly pipeline: boolean } = {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    types: asText,
    pipeline: true,
  };
  const client = new pg.Client(options);
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  return client;
}

/** Runs statements as the administrator. */
export async function execute(url: string, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  await withClient(url, async (admin) => {
    for (const statement of statements) await admin.query(statement);
  });
}

/** Attacks over a connection that logged in as the runtime role, each in one flight; `first` is what it sets before it runs statements. */
export function attemptsAsLogin(login: pg.Client, first: Character['first'] = goingThere): Attempt {
  return async (settings, ...statements) => {
    const enter = ['begin', ...entering([...settings, ...first(statements)])].join('; ');
    if (statements.some((sql) => mustWait.test(sql))) {
      try {
        await login.query(enter);
        return await runAll(login, statements);
      } finally {
        await login.query('rollback');
      }
    }
    const { stream } = wireConnection(login);
    stream.cork();
    const sent = [login.query(enter), ...statements.map((sql) => run(login, sql)), login.query('rollback')] as const;
    stream.uncork();
    const outcomes = (await Promise.all(sent)).slice(1, -1) as Outcome[];
    // What came after an error failed too, up to the rollback.
    const failed = outcomes.findIndex(({ error }) => error !== undefined);
    return failed < 0 ? outcomes : outcomes.slice(0, failed + 1);
  };
}

/** After these a statement could find no transaction, or not be read at all. */
const mustWait = /\b(begin|commit|rollback|abort|end|stdin)\b/i;

/** Attacks inside an administrator's transaction, which becomes the runtime role until the attack is over: rows that nobody committed are seen. */
export function attemptsInside(admin: pg.Client, { become, first }: Character): Attempt {
  return async (settings, ...statements) => {
    await admin.query('savepoint attack');
    try {
      await admin.query([become, ...entering([...settings, ...first(statements)])].join('; '));
      return await runAll(admin, statements);
    } finally {
      await admin.query('rollback to savepoint attack; release savepoint attack');
    }
  };
}

/** Applies settings until the end of the transaction. */
export async function applySettings(client: pg.ClientBase, settings: Settings): Promise<void> {
  for (const statement of entering(settings)) await client.query(statement);
}

const entering = (settings: Settings): string[] =>
  settings.map(([name, value]) => `select set_config(${literal(name)}, ${literal(value)}, true)`);

async function runAll(client: pg.Client, statements: readonly string[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const sql of statements) {
    const outcome = await run(client, sql);
    outcomes.push(outcome);
    if (outcome.error !== undefined) break;
  }
  return outcomes;
}

/** A text as PostgreSQL's simple protocol takes it. COPY's rows are no result for pg; they are kept here. */
class Text extends WireQuery {
  readonly copied: string[] = [];

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.copied.push(chunk.toString());
  }
}

/** Runs one text; several statements in it travel as one message, as injected ones would. */
export async function run(client: pg.Client, sql: string): Promise<Outcome> {
  const text = new Text(sql);
  try {
    const results = await new Promise<readonly WireResult[]>((resolve, reject) => {
      text.callback = (error, result) => {
        if (error !== null) reject(error);
        else resolve([result ?? []].flat());
      };
      send(client, text);
    });
    const rows = results.flatMap((result) => result.rows as Outcome['rows']);
    return {
      sql,
      rows: [...rows, ...text.copied.map((line) => ({ copied: line }))],
      rowCount: text.copied.length || (results.at(-1)?.rowCount ?? 0),
    };
  } catch (error) {
    if (error instanceof pg.DatabaseError) return { sql, rows: [], rowCount: 0, error };
    throw error;
  }
}
