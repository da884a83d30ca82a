import type pg from 'pg';
import { median } from '../harness.ts';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';
import { statementByStatement } from './database-statements.ts';
import type { PlaceStrategy } from './place.ts';

export const databases: PlaceStrategy = {
  strategy: 'database-per-tenant',
  kind: 'database',
  goals: { query: 0.9, read: 0.9, cold: 1 / 2 },
  tenants: { reads: [8, 1], migrations: 100 },
  prefix: 'app.',
  unisolated,
  withColumn,
  makers,
  others: async (world, tenants) => [await firstStatement(world, tenants[0] as Tenant)],
};

/** As many connections to each database as the application may have there. */
async function unisolated(world: World, tenants: readonly Tenant[]): ReturnType<PlaceStrategy['unisolated']> {
  const { readConfig } = await world.application.load<{
    readConfig: (environment: object) => { readonly databases: { readonly poolSize: number; readonly lanes: number } };
  }>('src/config.ts');
  const { poolSize, lanes } = readConfig({ ...world.test.environment, NODE_ENV: 'test' }).databases;
  const names = await world.admin.query<{ tenantId: string; database: string }>(
    'select tenant_id as "tenantId", database from platform.places where tenant_id = any($1)',
    [tenants.map(({ id }) => id)],
  );
  const ways = new Map(
    names.rows.map(({ tenantId, database }) => [
      tenantId,
      { pool: world.unbound(at(world, database), poolSize + lanes), schema: 'app', name: 'point' },
    ]),
  );
  return ({ id }) => {
    const way = ways.get(id);
    if (way === undefined) throw new Error(`${id} has no database`);
    return way;
  };
}

const at = ({ test }: World, database: string): string =>
  Object.assign(new URL(test.adminUrl), { pathname: `/${database}` }).href;

async function withColumn(world: World, column: string): Promise<number> {
  const { rows } = await world.admin.query<{ database: string }>(
    'select database from platform.places union all select database from platform.template',
  );
  let count = 0;
  for (const { database } of rows) {
    const client = new world.application.pg.Client({ connectionString: at(world, database) });
    await client.connect();
    const found = await client.query(
      `select from pg_attribute where attrelid = 'app.tasks'::regclass and attname = $1 and not attisdropped`,
      [column],
    );
    count += found.rowCount ?? 0;
    await client.end();
  }
  return count;
}

async function makers(world: World, url: string): ReturnType<PlaceStrategy['makers']> {
  const { makePlace } = await world.application.load<{
    makePlace: (maker: { readonly admin: pg.Client; readonly environment: object }) => Promise<void>;
  }>('src/tenancy/places/make.ts');
  const environment = { ...world.administrator, DATABASE_ADMIN_URL: url };
  // As the application connects its administrator.
  const admin = new world.application.pg.Client({ connectionString: url, pipeline: true });
  await admin.connect();
  const single = await statementByStatement(world, admin, url);
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  return {
    whole: () => timed(() => makePlace({ admin, environment })),
    single: () => timed(single.make),
    close: async () => {
      await single.takeAway();
      await admin.end();
    },
  };
}

const openings = 21;

/** What a tenant's statement waits for whose database is not open: look-up, connection, check of the catalog. */
async function firstStatement(world: World, tenant: Tenant): Promise<Figure> {
  const milliseconds: number[] = [];
  for (let count = 0; count < openings; count++) {
    const database = await world.open();
    const start = performance.now();
    await world.runAs(tenant, () => database.query({ text: 'select 1' }));
    milliseconds.push(performance.now() - start);
    await database.close();
  }
  return {
    name: 'the first statement to a database that is not open',
    value: median(milliseconds),
    unit: 'ms',
    note: `at most ${Math.max(...milliseconds).toFixed(1)} of ${openings}`,
  };
}
