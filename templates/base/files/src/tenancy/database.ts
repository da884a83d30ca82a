import pg from 'pg';
import { traceStatement } from '../telemetry/tracing.ts';
import { insideTransaction, outOfTime, runInTransaction, type TenantContext, timeLeft } from './context.ts';
import { clockDifference, detectPooler } from './connection-facts.ts';
import { Connections } from './connections.ts';
import { entryStatement, isPastDeadline } from './entry.ts';
import { TenancyError } from './errors.ts';
import { type DatabaseSteps, databaseSteps } from './database-steps.ts';
import { createConnection, createTransactionConnection, type TenantConnection } from './kysely-driver.ts';
import { Lanes } from './lanes.ts';
import { projectName } from './roles.ts';
import { schemaOf } from './schema.ts';
import { type QueryResult, traced } from './session.ts';
import type { Statement } from './statements.ts';
import type { ContextStatement, TenantEntry } from './strategy.ts';
import { createTenantCompiler } from './tenant-compiler.ts';
import { TransactionSession } from './transaction.ts';

export type { TenantConnection } from './kysely-driver.ts';
export type { QueryResult } from './session.ts';
export type { Statement } from './statements.ts';

/** The database as the tenant that runAsTenant() named sees it. Every statement enters the tenant anew. */
export interface Database {
  /** One statement on a connection of its own, in one round trip. */
  readonly query: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /** One short read on connections that all requests share; the server refuses writes on them. */
  readonly read: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /** Several statements, all or nothing; N of them take N + 1 round trips. */
  readonly transaction: <T>(work: (connection: TenantConnection) => Promise<T>) => Promise<T>;
  /** Kysely by way of query(). */
  readonly writer: TenantConnection;
  /** Kysely by way of read(). */
  readonly reader: TenantConnection;
  /** One statement without a tenant: only the look-up functions of the schema platform answer it. */
  readonly lookup: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /** Where tenants are looked up, when that is another database. */
  readonly controlPlane?: Database;
  /** True when a pooler stands between; then prepared statements are used only if it keeps track of them. */
  readonly transport: { readonly pooler: boolean; readonly preparedStatements: boolean };
  /** How busy it is at the moment. */
  readonly load: () => DatabaseLoad;
  readonly close: () => Promise<void>;
}

export interface DatabaseLoad {
  readonly pool: { readonly open: number; readonly idle: number; readonly waiting: number };
  readonly lanes: { readonly inFlight: number };
  /** Of databases that are the tenants' own. */
  readonly tenants?: {
    readonly open: number;
    readonly waiting: number;
    /** How often a tenant waited so far, and how many statements were refused because it took too long. */
    readonly waited: number;
    readonly refused: number;
  };
}

export interface DatabaseOptions {
  /** Logs in as the runtime role. */
  readonly url: string;
  /** What makes a statement run as the tenant; `now` is the database's clock in milliseconds. */
  readonly enter: (tenant: TenantContext, now: number) => TenantEntry;
  /** The settings of a statement without a tenant. */
  readonly outside: ContextStatement;
  /** Connections for query() and transaction(), at most. */
  readonly poolSize: number;
  /** Connections that read() shares. */
  readonly lanes: number;
}

/** Seconds after which a connection is replaced, and with it whatever a session can gather. */
const connectionLifetime = 3600;

const readOnly = ['transaction_read_only', 'on'] as const;

/** Connects to the database; refuses a clock that is more than 60 seconds off. */
export async function createDatabase(
  options: DatabaseOptions,
  steps: DatabaseSteps = databaseSteps,
): Promise<Database> {
  const config: pg.ClientConfig = {
    connectionString: options.url,
    application_name: projectName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  };
  const pool = new pg.Pool({
    ...config,
    max: options.poolSize,
    maxLifetimeSeconds: connectionLifetime,
    pipeline: true,
    // Without a listener a connection that dies in use would end the process; its statement fails anyway.
    onConnect: (client) => void client.on('error', () => {}),
  });
  pool.on('error', () => {}); // An idle connection that dies is replaced by the pool.
  try {
    const first = await pool.connect();
    const [difference, transport] = await facts(first).finally(() => first.release());
    const lanes = new Lanes(options.lanes, config, {
      named: transport.preparedStatements,
      lifetime: connectionLifetime,
    });
    return assemble({ ...options, steps, pool, lanes, transport, now: () => Date.now() + difference });
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function facts(client: pg.ClientBase): Promise<[number, Database['transport']]> {
  return [await clockDifference(client), await detectPooler(client)];
}

interface Parts extends Omit<DatabaseOptions, 'lanes'> {
  readonly pool: pg.Pool;
  readonly lanes: Lanes;
  readonly steps: DatabaseSteps;
  readonly transport: Database['transport'];
  readonly now: () => number;
}

function assemble({ enter, outside, pool, lanes, steps, transport, now }: Parts): Database {
  const connections = new Connections(pool, { named: transport.preparedStatements, isReusable: steps.isReusable });
  let closing: Promise<unknown> | undefined;

  function refuseWhenClosed(): void {
    if (closing !== undefined) throw new TenancyError('closed', 'The database was closed.');
  }

  function refuseInsideTransaction(): void {
    if (!insideTransaction()) return;
    throw new TenancyError(
      'inside-transaction',
      'A transaction is open. Next: use the connection that it gave to its work.',
    );
  }

  const entryOfTenant = (): TenantEntry => enter(steps.currentTenant(), now());

  function entering(entry: TenantEntry): Statement {
    const left = timeLeft();
    return entryStatement(entry, left === undefined ? undefined : now() + left);
  }

  const query = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    refuseInsideTransaction();
    refuseWhenClosed();
    const { text } = statement;
    steps.assertPlain(text);
    const isLast = mustBeLast(text);
    const entry = entryOfTenant();
    const [first, second] = [entering(entry), at(entry, statement)];
    const run = () =>
      connections.run<Row>((session) => {
        if (isLast) session.retire();
        return steps.flight(first, second, session);
      });
    try {
      return await traceStatement(text, run);
    } catch (error) {
      assertInTime(error);
      throw traced(error);
    }
  };

  /** True for a statement after which its connection must serve nobody else. */
  function mustBeLast(text: string): boolean {
    if (!steps.leavesTraces(text)) return false;
    // The pooler would give its connection to the next one.
    if (transport.pooler) throw outliving();
    return true;
  }

  const onLane = async <Row>(
    entryOf: () => ContextStatement & Partial<TenantEntry>,
    statement: Statement,
  ): Promise<QueryResult<Row>> => {
    refuseWhenClosed();
    const { text } = statement;
    steps.assertPlain(text);
    // Others are on the lane behind it.
    if (steps.leavesTraces(text)) throw outliving();
    const entry = entryOf();
    const [first, second] = [
      entryStatement({ ...entry, settings: [...entry.settings, readOnly] }),
      at(entry, statement),
    ];
    try {
      return await traceStatement(text, () =>
        lanes.run<Row>((session) => steps.flight(first, second, session), entry.target),
      );
    } catch (error) {
      throw traced(error);
    }
  };
  const entryOutside = () => outside;
  // One promise for each statement is enough: these pass on what onLane() gives.
  const read = <Row>(statement: Statement) => onLane<Row>(entryOfTenant, statement);
  const lookup = <Row>(statement: Statement) => onLane<Row>(entryOutside, statement);

  const compiler = createTenantCompiler(schemaOf);

  const transaction = async <T>(work: (connection: TenantConnection) => Promise<T>): Promise<T> => {
    refuseInsideTransaction();
    refuseWhenClosed();
    return await connections.lend(async (session) => {
      const entry = entryOfTenant();
      const open = new TransactionSession(session, entering(entry), entry.target, (text) => {
        steps.assertPlain(text);
        if (mustBeLast(text)) session.retire();
      });
      try {
        const result = await runInTransaction(() => work(createTransactionConnection(open, compiler)));
        timeLeft();
        await open.commit();
        return result;
      } catch (error) {
        await open.rollback();
        assertInTime(error);
        throw error;
      }
    });
  };

  return {
    query,
    read,
    lookup,
    transaction,
    writer: createConnection(query, compiler),
    reader: createConnection(read, compiler),
    transport,
    load: () => ({ pool: connections.load, lanes: { inFlight: lanes.inFlight } }),
    close: async () => {
      closing ??= Promise.all([connections.close(), lanes.close()]);
      await closing;
    },
  };
}

/** What is behind an error may be that no time was left, by this clock or by the database's, which may be ahead of what was measured. */
function assertInTime(error: unknown): void {
  timeLeft();
  if (isPastDeadline(error)) throw outOfTime();
}

/** The statement as one of the place that it goes to. */
const at = ({ target }: Partial<TenantEntry>, statement: Statement): Statement =>
  target === undefined ? statement : { ...statement, target };

const outliving = (): TenancyError =>
  new TenancyError(
    'forbidden-statement',
    'What may outlive its statement runs on no connection that others share. Next: query() or transaction(), and no pooler.',
  );
