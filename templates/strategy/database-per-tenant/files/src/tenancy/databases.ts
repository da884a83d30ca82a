import { AsyncLocalStorage } from 'node:async_hooks';
import { BoundedCache } from './bounded-cache.ts';
import { insideTransaction } from './context.ts';
import type { Database, DatabaseLoad } from './database.ts';
import type { DatabaseSteps } from './database-steps.ts';
import { createConnection } from './kysely-driver.ts';
import { DatabaseUnavailable, OpenDatabases, type OpenDatabasesOptions, type Seat } from './open-databases.ts';
import type { Place } from './places/place.ts';
import { schemaOf } from './schema.ts';
import { createTenantCompiler } from './tenant-compiler.ts';

export interface TenantDatabasesOptions extends OpenDatabasesOptions {
  /** Where tenants are looked up. */
  readonly controlPlane: Database;
  readonly steps: DatabaseSteps;
  /** Seconds that a tenant's place is remembered. */
  readonly cacheSeconds: number;
  /** Opens a tenant's database, and refuses one that would not keep it apart. */
  readonly open: (place: Place) => Promise<Database>;
}

/** A database that is many. */
export interface TenantDatabases extends Database {
  /** Asks anew where a tenant's database is, the next time. */
  readonly forget: (tenantId: string) => void;
}

/** Databases of tenants as one: each statement goes to that of the tenant as whom the code runs. */
export function createTenantDatabases(options: TenantDatabasesOptions): TenantDatabases {
  const { controlPlane, steps, open } = options;
  const places = new BoundedCache<{ readonly place: Place; readonly pool: string }>({
    lifetime: options.cacheSeconds * 1000,
  });
  const seats = new OpenDatabases(options);
  /** Whose transaction runs: what it does besides goes to the same database, which stays open for it. */
  const held = new AsyncLocalStorage<Seat>();

  /** `isOver` tells of work that did something already: it is not begun again. */
  function run<T>(work: (seat: Seat) => Promise<T>, isOver = () => false): Promise<T> {
    let tenantId: string;
    try {
      tenantId = steps.currentTenant().id;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const own = insideTransaction() ? held.getStore() : undefined;
    if (own?.tenantId === tenantId) return work(own);
    const known = places.get(tenantId);
    const seat = known === undefined ? undefined : seats.take(known.pool);
    return seat === undefined ? ask(tenantId, work, isOver) : use(seat, work, isOver);
  }

  /** One promise for each statement: `await` and `finally` would make several. */
  function use<T>(seat: Seat, work: (seat: Seat) => Promise<T>, isOver: () => boolean): Promise<T> {
    return work(seat).then(
      (result) => {
        seats.release(seat);
        return result;
      },
      (error: unknown) => {
        seats.release(seat);
        if (!isPasswordRefused(error) || isOver()) throw error;
        return again(seat, work, isOver, error);
      },
    );
  }

  const find = (tenantId: string) =>
    places.remember(tenantId, async () => {
      const place = await steps.findPlace(controlPlane, tenantId);
      if (place === undefined) throw new DatabaseUnavailable('08001', 'The tenant has no database.');
      return { place, pool: steps.poolOf(place) };
    });

  async function ask<T>(tenantId: string, work: (seat: Seat) => Promise<T>, isOver: () => boolean): Promise<T> {
    const { place, pool } = await find(tenantId);
    let seat: Seat;
    try {
      seat = await seats.ask(tenantId, pool, () => open(place));
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable && isPasswordRefused(error.cause))) throw error;
      return await again({ tenantId, pool }, work, isOver, error);
    }
    return await use(seat, work, isOver);
  }

  /** The login has another password by now, or none that is known: what was refused was not begun, and begins again. */
  async function again<T>(
    { tenantId, pool }: Pick<Seat, 'tenantId' | 'pool'>,
    work: (seat: Seat) => Promise<T>,
    isOver: () => boolean,
    refusal: unknown,
  ): Promise<T> {
    if (places.get(tenantId)?.pool === pool) forget(tenantId);
    // Where it has no place any more, the refusal says what happened.
    const found = await find(tenantId).catch(() => undefined);
    if (found === undefined || found.pool === pool) throw refusal;
    return await ask(tenantId, work, isOver);
  }

  const forget = (tenantId: string): void => places.forget(({ place }) => place.tenantId === tenantId);
  const query: Database['query'] = (statement) => run(({ database }) => database.query(statement));
  const read: Database['read'] = (statement) => run(({ database }) => database.read(statement));
  const compiler = createTenantCompiler(schemaOf);

  return {
    query,
    read,
    lookup: controlPlane.lookup,
    transaction: (work) => {
      let begun = false;
      const begin: typeof work = (connection) => {
        begun = true;
        return work(connection);
      };
      return run(
        (seat) => held.run(seat, () => seat.database.transaction(begin)),
        () => begun,
      );
    },
    writer: createConnection(query, compiler),
    reader: createConnection(read, compiler),
    controlPlane,
    forget,
    transport: controlPlane.transport,
    load: () => ({
      ...[controlPlane, ...seats.databases].map((database) => database.load()).reduce(sumOfLoads),
      tenants: seats.load,
    }),
    close: async () => {
      await seats.close();
      await controlPlane.close();
    },
  };
}

const isPasswordRefused = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === '28P01';

export function sumOfLoads({ pool, lanes }: DatabaseLoad, other: DatabaseLoad): DatabaseLoad {
  return {
    pool: {
      open: pool.open + other.pool.open,
      idle: pool.idle + other.pool.idle,
      waiting: pool.waiting + other.pool.waiting,
    },
    lanes: { inFlight: lanes.inFlight + other.lanes.inFlight },
  };
}
