import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';
import { memory } from './memory.ts';
import { type PlaceStrategy, splitStatements } from './place.ts';
import { schemaOf } from './schema.ts';

export const schemas: PlaceStrategy = {
  strategy: 'schema-per-tenant',
  kind: 'schema',
  goals: { query: 0.5, read: 0.8, cold: 1 / 3, workers: 3 },
  tenants: { reads: [200, 1000], migrations: 1000 },
  prefix: '',
  unisolated: async (world) => {
    const pool = world.unbound();
    return ({ id }) => ({ pool, schema: schemaOf(id), name: `point ${id}` });
  },
  withColumn: async ({ admin }, column) => {
    const { rows } = await admin.query<{ count: number }>(
      `select count(*)::int as count from pg_attribute join pg_class on pg_class.oid = attrelid where attname = $1 and relname = 'tasks'`,
      [column],
    );
    return rows[0]?.count ?? 0;
  },
  makers,
  others: async (world, tenants) => [await opening(world, tenants), ...(await memory(world, tenants))],
};

/** A start looks at every schema. */
async function opening(world: World, tenants: readonly Tenant[]): Promise<Figure> {
  const start = performance.now();
  const database = await world.open();
  const seconds = (performance.now() - start) / 1000;
  await database.close();
  return { name: `connecting and checking ${tenants.length} schemas`, value: seconds, unit: 's' };
}

interface Migration {
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
}

async function makers(world: World, url: string): ReturnType<PlaceStrategy['makers']> {
  const { makePlace } = await world.application.load<{
    makePlace: (admin: unknown, migrations: readonly Migration[]) => Promise<string>;
  }>('src/tenancy/places/make.ts');
  const { readTenantMigrations, forRole } = await world.application.load<{
    readTenantMigrations: () => Promise<Migration[]>;
    forRole: (role: string) => (sql: string) => string;
  }>('src/tenancy/places/tenant-migrations.ts');
  const { roles } = await world.application.load<{ roles: Readonly<Record<string, string>> }>('src/tenancy/roles.ts');
  const migrations = await readTenantMigrations();
  // As the application connects its administrator.
  const admin = new world.application.pg.Client({ connectionString: url, pipeline: true });
  await admin.connect();
  const statementsOf = (place: string) => migrations.flatMap(({ sql }) => splitStatements(forRole(place)(sql)));
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  return {
    whole: () => timed(() => makePlace(admin, migrations)),
    single: () => timed(() => oneByOne(admin, { roles, statementsOf, migrations })),
    close: () => admin.end(),
  };
}

/** What makePlace() does, as tools do it that know neither transactions of DDL nor several statements in one message. */
async function oneByOne(
  admin: pg.Client,
  {
    roles,
    statementsOf,
    migrations,
  }: {
    readonly roles: Readonly<Record<string, string>>;
    readonly statementsOf: (place: string) => readonly string[];
    readonly migrations: readonly Migration[];
  },
): Promise<void> {
  const tenantId = randomUUID();
  const place = schemaOf(tenantId);
  const before = [
    `create role ${place} nologin`,
    `create schema ${place} authorization ${roles['owner']}`,
    `grant usage on schema ${place} to ${place}, ${roles['platform']}, ${roles['resolver']}`,
    `set role ${roles['migrator']}`,
    `set search_path = ${place}, pg_temp`,
  ];
  for (const statement of [...before, ...statementsOf(place)]) await admin.query(statement);
  const { rows } = await admin.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1',
    [place],
  );
  for (const { name } of rows)
    await admin.query(`alter table ${name} add constraint tenant_here check (tenant_id = '${tenantId}')`);
  await admin.query(`reassign owned by ${roles['migrator']} to ${roles['owner']}`);
  await admin.query(`insert into platform.places (tenant_id, version) values ($1, 'bench')`, [tenantId]);
  for (const { name, checksum } of migrations)
    await admin.query(
      `insert into platform.place_migrations (tenant_id, name, checksum, status) values ($1, $2, $3, 'applied')`,
      [tenantId, name, checksum],
    );
  for (const after of [
    'reset role',
    'reset search_path',
    `grant ${place} to ${roles['runtime']}`,
    `grant ${roles['tenants']} to ${place}`,
  ])
    await admin.query(after);
}
