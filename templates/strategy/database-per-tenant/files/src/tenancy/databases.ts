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
  /** What step findPlace said of a tenant, remembered for a while. */
  readonly placeOf: (tenantId: string) => Promise<Place>;
  /** Asks anew the next time. */
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

  function run<T>(work: (seat: Seat) => Promise<T>): Promise<T> {
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
    return seat === undefined ? ask(tenantId, work) : use(seat, work);
  }

  /** One promise for each statement: `await` and `finally` would make several. */
  function use<T>(seat: Seat, work: (seat: Seat) => Promise<T>): Promise<T> {
    return work(seat).then(
      (result) => {
        seats.release(seat);
        return result;
      },
      (error: unknown) => {
        seats.release(seat);
        throw error;
      },
    );
  }

  const find = (tenantId: string) =>
    places.remember(tenantId, async () => {
      const place = await steps.findPlace(controlPlane, tenantId);
      if (place === undefined) throw new DatabaseUnavailable('08001', 'The tenant has no database.');
      return { place, pool: steps.poolOf(place) };
    });

  async function ask<T>(tenantId: string, work: (seat: Seat) => Promise<T>): Promise<T> {
    const { place, pool } = await find(tenantId);
    return await use(await seats.ask(tenantId, pool, () => open(place)), work);
  }

  const query: Database['query'] = (statement) => run(({ database }) => database.query(statement));
  const read: Database['read'] = (statement) => run(({ database }) => database.read(statement));
  const compiler = createTenantCompiler(schemaOf);

  return {
    query,
    read,
    lookup: controlPlane.lookup,
    transaction: (work) => run((seat) => held.run(seat, () => seat.database.transaction(work))),
    writer: createConnection(query, compiler),
    reader: createConnection(read, compiler),
    controlPlane,
    placeOf: async (tenantId) => (await find(tenantId)).place,
    forget: (tenantId) => places.forget(({ place }) => place.tenantId === tenantId),
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
