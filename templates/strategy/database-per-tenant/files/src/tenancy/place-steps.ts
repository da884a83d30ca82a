import type { Database } from './database.ts';
import type { DatabasesConfig } from './databases-config.ts';
import type { Place } from './places/place.ts';

/** What brings a tenant's statements to its own database, by name: a test may replace one step. */
export interface PlaceSteps {
  /** Where a tenant's database is; undefined when it has none. */
  readonly findPlace: (controlPlane: Database, tenantId: string) => Promise<Place | undefined>;
  /** The name of the pool that serves a place: another one for every tenant, database and move. */
  readonly poolOf: (place: Place) => string;
  /** How many databases are open at a time, at most. */
  readonly mostOpen: (config: DatabasesConfig) => number;
}

export const placeSteps: PlaceSteps = {
  findPlace,
  poolOf: ({ tenantId, database, generation }) => `${tenantId} ${database} ${generation}`,
  // Each takes as many connections as it may: those in all are never more.
  mostOpen: ({ open, connections, poolSize, lanes }) =>
    Math.max(1, Math.min(open, Math.floor(connections / (poolSize + lanes)))),
};

async function findPlace(controlPlane: Database, tenantId: string): Promise<Place | undefined> {
  const { rows } = await controlPlane.lookup<Omit<Place, 'tenantId'> & { readonly database: string | null }>({
    text: `select database, login, sealed_password as "sealedPassword", host, port, generation
      from platform.find_place($1) where database is not null`,
    values: [tenantId],
  });
  return rows[0] === undefined ? undefined : { tenantId, ...rows[0] };
}
