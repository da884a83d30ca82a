import pg from 'pg';
import { traceStatement } from '../telemetry/tracing.ts';
import { insideTransaction, runInTransaction, type TenantContext, timeLeft } from './context.ts';
import { clockDifference, detectPooler } from './connection-facts.ts';
import { TenancyError } from './errors.ts';
import { type DatabaseSteps, databaseSteps } from './database-steps.ts';
import { createConnection, createTransactionConnection, type TenantConnection } from './kysely-driver.ts';
import { Lanes } from './lanes.ts';
import { projectName } from './roles.ts';
import { schemaOf } from './schema.ts';
import { type QueryResult, Session } from './session.ts';
import type { Statement } from './statements.ts';
import type { ContextStatement, TenantEntry } from './strategy.ts';
import { tenantFilter } from './tenant-filter.ts';
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
  /** True when a pooler stands between; then prepared statements are used only if it keeps track of them. */
  readonly transport: { readonly pooler: boolean; readonly preparedStatements: boolean };
  /** How busy it is at the moment. */
  readonly load: () => DatabaseLoad;
  readonly close: () => Promise<void>;
}

export interface DatabaseLoad {
  readonly pool: { readonly open: number; readonly idle: number; readonly waiting: number };
  readonly lanes: { readonly inFlight: number };
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
  const sessions = new WeakMap<pg.ClientBase, Session>();
  let closing: Promise<unknown> | undefined;

  async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (closing !== undefined) throw new TenancyError('closed', 'The database was closed.');
    const client = await pool.connect();
    let session = sessions.get(client);
    if (session === undefined) {
      session = new Session(client, { named: transport.preparedStatements });
      sessions.set(client, session);
    }
    try {
      return await work(session);
    } finally {
      client.release(!steps.isReusable(session));
    }
  }

  function refuseInsideTransaction(): void {
    if (!insideTransaction()) return;
    throw new TenancyError(
      'inside-transaction',
      'A transaction is open. Next: use the connection that it gave to its work.',
    );
  }

  function entering(entry: TenantEntry): Statement {
    const left = timeLeft();
    return toStatement(entry, left === undefined ? undefined : now() + left);
  }

  const query = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    refuseInsideTransaction();
    const { text } = statement;
    steps.assertPlain(text);
    return await traceStatement(text, () =>
      withSession((session) => {
        retireAfter(session, text);
        const entry = enter(steps.currentTenant(), now());
        return session.runAlone<Row>(steps.flight(entering(entry), at(entry, statement), session));
      }).catch(inTime),
    );
  };

  function retireAfter(session: Session, text: string): void {
    if (!steps.leavesTraces(text)) return;
    // The pooler would give its connection to the next one.
    if (transport.pooler) throw outliving();
    session.retire();
  }

  const onLane = async <Row>(entry: ContextStatement, statement: Statement): Promise<QueryResult<Row>> => {
    if (closing !== undefined) throw new TenancyError('closed', 'The database was closed.');
    const { text } = statement;
    steps.assertPlain(text);
    // Others are on the lane behind it.
    if (steps.leavesTraces(text)) throw outliving();
    const entering = toStatement({ ...entry, settings: [...entry.settings, readOnly] });
    return await traceStatement(text, () =>
      lanes.run<Row>((session) => steps.flight(entering, at(entry, statement), session)),
    );
  };
  const read = async <Row>(statement: Statement) => await onLane<Row>(enter(steps.currentTenant(), now()), statement);
  const lookup = async <Row>(statement: Statement) => await onLane<Row>(outside, statement);

  const plugins = [tenantFilter(schemaOf)];

  const transaction = async <T>(work: (connection: TenantConnection) => Promise<T>): Promise<T> => {
    refuseInsideTransaction();
    return await withSession(async (session) => {
      const entry = enter(steps.currentTenant(), now());
      const open = new TransactionSession(session, entering(entry), entry.target, (text) => {
        steps.assertPlain(text);
        retireAfter(session, text);
      });
      try {
        const result = await runInTransaction(() => work(createTransactionConnection(open, plugins)));
        timeLeft();
        await open.commit();
        return result;
      } catch (error) {
        await open.rollback();
        return inTime(error);
      }
    });
  };

  return {
    query,
    read,
    lookup,
    transaction,
    writer: createConnection(query, plugins),
    reader: createConnection(read, plugins),
    transport,
    load: () => ({
      pool: { open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
      lanes: { inFlight: lanes.inFlight },
    }),
    close: async () => {
      closing ??= Promise.all([pool.end(), lanes.close()]);
      await closing;
    },
  };
}

/** Throws the error, or what is behind it: that there was no time left. */
function inTime(error: unknown): never {
  timeLeft();
  throw error;
}

const outliving = (): TenancyError =>
  new TenancyError(
    'forbidden-statement',
    'What may outlive its statement runs on no connection that others share. Next: query() or transaction(), and no pooler.',
  );

/** The statement as one of the place that it goes to. */
const at = ({ target }: Partial<TenantEntry>, statement: Statement): Statement =>
  target === undefined ? statement : { ...statement, target };

const texts = new Map<string, string>();

/**
 * Sets settings for the transaction, as bind parameters: the context appears in no statement text, so in no log and not
 * in pg_stat_activity. Returns no row. What would be done after the deadline, by the database's clock in milliseconds,
 * fails there: what is sent may have to wait, for a lock even while it is prepared.
 */
function toStatement({ settings, target }: Partial<TenantEntry> & ContextStatement, deadline?: number): Statement {
  const names = `${settings.map(([name]) => name).join()} ${deadline !== undefined}`;
  let text = texts.get(names);
  if (text === undefined) {
    const calls = settings.map(
      (_, index) => `pg_catalog.set_config($${index * 2 + 1}, $${index * 2 + 2}, true) is null`,
    );
    text = deadline === undefined ? `select where ${calls.join(' or ')}` : bounded(calls, settings.length * 2 + 1);
    texts.set(names, text);
  }
  const values = deadline === undefined ? settings.flat() : [...settings.flat(), deadline];
  return target === undefined ? { text, values } : { text, values, enters: true };
}

/** A time-out of -1 is an error; 0 would be none at all. */
function bounded(calls: readonly string[], parameter: number): string {
  const timeout = `pg_catalog.set_config('statement_timeout', (case when ms >= 1 then pg_catalog.floor(ms) else -1 end)::int::text, true) is null`;
  return `select from (select $${parameter}::float8 - extract(epoch from pg_catalog.clock_timestamp())::float8 * 1000 as ms) as left_over
    where ${[...calls, timeout].join(' or ')}`;
}
