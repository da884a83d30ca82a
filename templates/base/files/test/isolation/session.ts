import pg from 'pg';
import type { Settings } from './contexts.ts';
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
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    types: asText,
  });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  return client;
}

/** Attacks over a connection that logged in as the runtime role. */
export function attemptsAsLogin(login: pg.Client): Attempt {
  return async (settings, ...statements) => {
    try {
      await login.query(['begin', ...entering(settings)].join('; '));
      return await runAll(login, statements);
    } finally {
      await login.query('rollback');
    }
  };
}

/** Attacks inside an administrator's transaction, which becomes the runtime role until the attack is over: rows that nobody committed are seen. */
export function attemptsInside(admin: pg.Client, { become }: Character): Attempt {
  return async (settings, ...statements) => {
    await admin.query('savepoint attack');
    try {
      await admin.query([become, ...entering(settings)].join('; '));
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

/** Runs one text; several statements in it travel as one message, as injected ones would. */
export async function run(client: pg.Client, sql: string): Promise<Outcome> {
  const copied: string[] = [];
  const onCopy = ({ chunk }: { readonly chunk: Buffer }) => void copied.push(chunk.toString());
  // COPY's rows are no result of a query for pg; its connection hands them out.
  const { connection } = client as unknown as { readonly connection: NodeJS.EventEmitter };
  connection.on('copyData', onCopy);
  try {
    const results = [await client.query(sql)].flat();
    const rows = results.flatMap((result) => result.rows as Outcome['rows']);
    const last = results.at(-1);
    return {
      sql,
      rows: [...rows, ...copied.map((line) => ({ copied: line }))],
      rowCount: copied.length || (last?.rowCount ?? 0),
    };
  } catch (error) {
    if (error instanceof pg.DatabaseError) return { sql, rows: [], rowCount: 0, error };
    throw error;
  } finally {
    connection.off('copyData', onCopy);
  }
}
