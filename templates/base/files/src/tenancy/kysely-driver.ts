import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultConnectionProvider,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  type QueryCompiler,
  type QueryResult as KyselyResult,
} from 'kysely';
import type { TenantTables } from '../tables.ts';
import { directExecutor } from './direct-executor.ts';
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
export function createConnection(run: Run, compiler: QueryCompiler): TenantConnection {
  const streams = () => {
    throw new TenancyError('unsupported', 'A stream needs a transaction. Next: use database.transaction().');
  };
  const transactions = async () => {
    throw new TenancyError('unsupported', 'This connection runs single statements. Next: use database.transaction().');
  };
  return open(
    { executeQuery: (query) => execute(run, query), streamQuery: streams },
    { beginTransaction: transactions, commitTransaction: transactions, rollbackTransaction: transactions },
    compiler,
  );
}

/** Kysely inside a transaction; a transaction within it is a savepoint. */
export function createTransactionConnection(
  transaction: TransactionSession,
  compiler: QueryCompiler,
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
    compiler,
  );
}

type Transactions = Pick<Driver, 'beginTransaction' | 'commitTransaction' | 'rollbackTransaction'> & Partial<Driver>;

function open(shared: DatabaseConnection, transactions: Transactions, compiler: QueryCompiler): TenantConnection {
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => shared,
    releaseConnection: async () => {},
    destroy: async () => {},
    ...transactions,
  };
  const adapter = new PostgresAdapter();
  const dialect: Dialect = {
    createAdapter: () => adapter,
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => compiler,
  };
  const executor = new DefaultQueryExecutor(compiler, adapter, new DefaultConnectionProvider(driver));
  const kysely = new Kysely<TenantTables>({
    config: { dialect },
    dialect,
    driver,
    executor: directExecutor(executor, shared),
  });
  return kysely as TenantConnection;
}

/** What Kysely makes of a result; a read, of which there are most, is passed on as it is. */
function execute<Row>(run: Run, query: CompiledQuery): Promise<KyselyResult<Row>> {
  const answer = run(toStatement(query));
  return query.query.kind === 'SelectQueryNode' ? (answer as Promise<KyselyResult<Row>>) : counted(answer);
}

async function counted<Row>(answer: ReturnType<Run>): Promise<KyselyResult<Row>> {
  const { rows, rowCount, command } = await answer;
  const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE';
  return { rows: rows as Row[], ...(changes && { numAffectedRows: BigInt(rowCount) }) };
}

function toStatement(query: CompiledQuery): Statement {
  return { text: query.sql, values: query.parameters };
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
