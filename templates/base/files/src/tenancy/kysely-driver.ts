import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult as KyselyResult,
} from 'kysely';
import type { TenantTables } from '../tables.ts';
import { TenancyError } from './errors.ts';
import type { QueryResult } from './session.ts';
import type { Statement } from './statements.ts';
import type { TransactionSession } from './transaction.ts';

declare const connection: unique symbol;

/**
 * Kysely on a connection that enters the current tenant. Repositories take this, so that a bare pool does not compile.
 */
export type TenantConnection = Kysely<TenantTables> & { readonly [connection]: true };

type Run = (statement: Statement) => Promise<QueryResult<unknown>>;

/** Kysely whose every statement goes through `run`; each is a transaction of its own. */
export function createConnection(run: Run, plugins: readonly KyselyPlugin[]): TenantConnection {
  const streams = () => {
    throw new TenancyError('unsupported', 'A stream needs a transaction. Next: use database.transaction().');
  };
  const transactions = async () => {
    throw new TenancyError('unsupported', 'This connection runs single statements. Next: use database.transaction().');
  };
  return open(
    { executeQuery: (query) => execute(run, query), streamQuery: streams },
    { beginTransaction: transactions, commitTransaction: transactions, rollbackTransaction: transactions },
    plugins,
  );
}

/** Kysely inside a transaction; a transaction within it is a savepoint. */
export function createTransactionConnection(
  transaction: TransactionSession,
  plugins: readonly KyselyPlugin[],
): TenantConnection {
  let depth = 0;
  const control = async (text: string) => {
    await transaction.control({ text });
  };
  return open(
    {
      executeQuery: (query) => execute((statement) => transaction.query(statement), query),
      async *streamQuery<Row>(query: CompiledQuery, size: number) {
        for await (const rows of transaction.stream<Row>(toStatement(query), size)) yield { rows };
      },
    },
    {
      beginTransaction: () => control(`savepoint nested_${(depth += 1)}`),
      commitTransaction: () => control(`release savepoint nested_${depth--}`),
      rollbackTransaction: () => control(`rollback to savepoint nested_${depth--}`),
      savepoint: (_, name) => control(`savepoint ${identifier(name)}`),
      rollbackToSavepoint: (_, name) => control(`rollback to savepoint ${identifier(name)}`),
      releaseSavepoint: (_, name) => control(`release savepoint ${identifier(name)}`),
    },
    plugins,
  );
}

type Transactions = Pick<Driver, 'beginTransaction' | 'commitTransaction' | 'rollbackTransaction'> & Partial<Driver>;

function open(
  shared: DatabaseConnection,
  transactions: Transactions,
  plugins: readonly KyselyPlugin[],
): TenantConnection {
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => shared,
    releaseConnection: async () => {},
    destroy: async () => {},
    ...transactions,
  };
  const kysely = new Kysely<TenantTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [...plugins],
  });
  return kysely as TenantConnection;
}

async function execute<Row>(run: Run, query: CompiledQuery): Promise<KyselyResult<Row>> {
  const { rows, rowCount, command } = await run(toStatement(query));
  const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE';
  return { rows: rows as Row[], ...(changes && { numAffectedRows: BigInt(rowCount) }) };
}

function toStatement(query: CompiledQuery): Statement {
  return { text: query.sql, values: query.parameters };
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
