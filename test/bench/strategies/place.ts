import type pg from 'pg';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';

/** The way to one tenant's rows that knows nothing of isolation. */
export type Unisolated = (tenant: Tenant) => {
  readonly pool: pg.Pool;
  /** Where its tables are: `t_0190....`. */
  readonly schema: string;
  /** What tells the statements of several tenants on one connection apart. */
  readonly name: string;
};

/** A strategy that gives each tenant a place of its own, and what is asked of it. */
export interface PlaceStrategy {
  readonly strategy: 'schema-per-tenant' | 'database-per-tenant';
  /** What a place is called: `schema`. */
  readonly kind: string;
  readonly goals: {
    /** Throughput against the same without isolation. */
    readonly query: number;
    readonly read: number;
    /** Time of making a place against its DDL statement by statement. */
    readonly cold: number;
    /** How many times faster 8 workers migrate than one. */
    readonly workers?: number;
  };
  /** Tenants that the reads and the migrations are measured with. */
  readonly tenants: { readonly reads: readonly number[]; readonly migrations: number };
  /** How the application's statements name the schema of a tenant's tables: `app.`, or nothing. */
  readonly prefix: string;
  /** Places without isolation: raw pg, logged in as the administrator. */
  readonly unisolated: (world: World, tenants: readonly Tenant[]) => Promise<Unisolated>;
  /** How many places have a column in their table `tasks`; the template counts. */
  readonly withColumn: (world: World, column: string) => Promise<number>;
  /** Both make a place and return milliseconds: as the application does, and with every statement sent by itself. */
  readonly makers: (
    world: World,
    adminUrl: string,
  ) => Promise<{
    readonly whole: () => Promise<number>;
    readonly single: () => Promise<number>;
    readonly close: () => Promise<void>;
  }>;
  /** What is measured of no other strategy. */
  readonly others?: (world: World, tenants: readonly Tenant[]) => Promise<Figure[]>;
}

/** As the application's modules below src/ export them. */
interface Ready {
  readonly prepareMany: (environment: object, wanted: number) => Promise<number>;
}

/** Makes places until so many are ready; returns milliseconds. */
export async function makeReady(world: World, wanted: number): Promise<number> {
  const { prepareMany } = await world.application.load<Ready>('src/tenancy/places/ready.ts');
  const start = performance.now();
  await prepareMany(world.administrator, wanted);
  return performance.now() - start;
}

/** Creates tenants by the function behind `npm run tenant -- create`; returns the milliseconds of each. */
export async function createTenants(world: World, tenants: Tenant[], count: number): Promise<number[]> {
  const { createTenant } = await world.application.load<{
    createTenant: (client: unknown, input: object) => Promise<{ readonly tenantId: string }>;
  }>('src/platform/tenants.ts');
  const client = new world.application.pg.Client({ connectionString: world.test.platformUrl });
  await client.connect();
  const milliseconds: number[] = [];
  try {
    for (let made = 0; made < count; made++) {
      const slug = `tenant-${tenants.length}`;
      const start = performance.now();
      const { tenantId } = await createTenant(client, { slug, environment: world.test.environment });
      milliseconds.push(performance.now() - start);
      tenants.push({ id: tenantId, slug });
    }
  } finally {
    await client.end();
  }
  return milliseconds;
}

/** The statements of a migration, one by one; a body in dollar quotes is part of its statement. */
export function splitStatements(sql: string): string[] {
  const found: string[] = [];
  let rest = sql.replace(/^\s*--.*$/gm, '');
  for (;;) {
    const next = /^(?:[^;$]|\$\$[\s\S]*?\$\$|\$)*;/.exec(rest);
    if (next === null) break;
    found.push(next[0].trim());
    rest = rest.slice(next[0].length);
  }
  return rest.trim() === '' ? found : [...found, rest.trim()];
}
