import { join } from 'node:path';
import type pg from 'pg';
import type { Answers } from '../../generators/answers/options.ts';
import { type Application, createApplication } from './application.ts';

/*
 * The rendered application's own database layer on a PostgreSQL of its own, beside pools of raw pg without isolation. The shapes below are those of its modules
 * that benchmarks call.
 */

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface Answer<Row = unknown> {
  readonly rows: Row[];
  readonly rowCount: number | null;
}

export interface Database {
  readonly query: (statement: Statement) => Promise<Answer>;
  readonly read: (statement: Statement) => Promise<Answer>;
  readonly transaction: <T>(
    work: (connection: { executeQuery: (query: object) => Promise<Answer> }) => Promise<T>,
  ) => Promise<T>;
  readonly reader: unknown;
  readonly writer: unknown;
  readonly load: () => { readonly pool: { readonly open: number; readonly idle: number } };
  readonly close: () => Promise<void>;
}

export interface Tenant {
  readonly id: string;
  readonly slug: string;
}

/** A row to read, and whose it is. */
export interface Target {
  readonly tenant: Tenant;
  readonly id: string;
}

export type Context = 'plain' | 'sealed';
export type Framework = 'fastify' | 'express';
export type Strategy = Answers['strategy'][number];

interface TestDatabase {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
  readonly platformUrl: string;
  readonly environment: Readonly<Record<string, string>>;
}

interface Config {
  readonly database: object;
}

/** The steps of the database layer that can be replaced; a benchmark listens in on what is sent. */
type Flight = (entering: Statement, statement: Statement, session: unknown) => readonly Statement[];

export interface World {
  readonly context: Context;
  readonly application: Application;
  readonly test: TestDatabase;
  readonly admin: pg.Client;
  /** What the administrator's commands read from the environment. */
  readonly administrator: Readonly<Record<string, string>>;
  /** Connects the application's database layer: `connections` of its own and 4 lanes. */
  readonly open: (options?: {
    readonly url?: string;
    readonly sent?: (statement: Statement) => void;
  }) => Promise<Database>;
  /** A pool of raw pg. Policies do not bind its role: the same tables, and nothing but the condition in the statement. */
  readonly unbound: (url?: string, most?: number) => pg.Pool;
  readonly runAs: <T>(tenant: Tenant, work: () => T) => T;
  /** The settings that the way of the tutorials sets. */
  readonly settings: (tenant: Tenant) => readonly (readonly [name: string, value: string])[];
  readonly close: () => Promise<void>;
}

export const connections = 8;
export const lanes = 4;

export interface PostgresServer {
  readonly adminUrl: string;
  readonly description: string;
  readonly stop: () => Promise<void>;
}

/** A PostgreSQL as the generated repository starts one: for tests, which does not wait for its disk, or a durable one. */
export async function startServer({ durable = false } = {}): Promise<PostgresServer> {
  const { load, dir } = await applicationWith('sealed');
  const { startPostgres } = await load<{ startPostgres: (options: object) => Promise<PostgresServer> }>(
    'scripts/postgres/start.ts',
  );
  return await startPostgres(
    durable ? { purpose: 'development', dataDirectory: join(dir, '.data') } : { purpose: 'test' },
  );
}

const applications = new Map<string, Promise<Application>>();

function applicationWith(
  context: Context,
  framework: Framework = 'fastify',
  strategy: Strategy = 'shared-schema',
): Promise<Application> {
  // A name of its own: the roles of a server are called after it.
  const name = `bench-${context}-${framework}${strategy === 'shared-schema' ? '' : `-${strategy.split('-')[0]}`}`;
  let application = applications.get(name);
  if (application === undefined) {
    application = createApplication({ name, context, framework, strategy: [strategy] });
    applications.set(name, application);
  }
  return application;
}

const templates = new Map<string, Promise<unknown>>();

/** A migrated database on the server, and what it takes to reach it with and without isolation. */
export async function createWorld(
  server: PostgresServer,
  context: Context,
  framework: Framework = 'fastify',
  strategy: Strategy = 'shared-schema',
): Promise<World> {
  const application = await applicationWith(context, framework, strategy);
  const { load } = application;
  const setup = await load<{
    prepareServer: (url: string) => Promise<unknown>;
    createTestDatabaseOn: (server: unknown) => Promise<TestDatabase>;
  }>('test/setup/database.ts');
  // Once for all databases: it gives the roles new passwords.
  const key = `${application.dir} ${server.adminUrl}`;
  const template = templates.get(key) ?? setup.prepareServer(server.adminUrl);
  templates.set(key, template);
  const test = await setup.createTestDatabaseOn(await template);
  const { readConfig } = await load<{ readConfig: (environment: object) => Config }>('src/config.ts');
  const { openDatabase } = await load<{ openDatabase: (options: object, steps: object) => Promise<Database> }>(
    'src/tenancy/open.ts',
  );
  const { databaseSteps } = await load<{ databaseSteps: { flight: Flight } }>('src/tenancy/database-steps.ts');
  const { runAsTenant } = await load<{ runAsTenant: World['runAs'] }>('src/tenancy/context.ts');
  const { createContextSettings } = await load<{
    createContextSettings: (config: Config) => (tenant: Tenant, now: number) => ReturnType<World['settings']>;
  }>('src/tenancy/enter.ts');
  const config = readConfig({ ...test.environment, NODE_ENV: 'test' });
  const enter = createContextSettings(config);
  const admin = new application.pg.Client({ connectionString: test.adminUrl });
  await admin.connect();
  const ends: (() => Promise<void>)[] = [() => admin.end()];
  return {
    context,
    application,
    test,
    admin,
    administrator: Object.fromEntries(
      Object.entries(test.environment).filter(([name]) => /^(DATABASE_ADMIN_URL|TENANT_DATABASE_KEYS)$/.test(name)),
    ),
    open: async ({ url = test.runtimeUrl, sent } = {}) => {
      const steps = {
        ...databaseSteps,
        ...(sent && {
          flight: (entering: Statement, statement: Statement) => (sent(statement), [entering, statement]),
        }),
      };
      const database = await openDatabase(
        { ...config, database: { ...config.database, url, poolSize: connections, lanes } },
        steps,
      );
      ends.push(() => database.close());
      return database;
    },
    unbound: (url = test.adminUrl, most = connections) => {
      const pool = new application.pg.Pool({ connectionString: url, max: most });
      pool.on('error', () => {}); // An idle connection whose network is taken away.
      ends.push(() => pool.end());
      return pool;
    },
    runAs: runAsTenant,
    settings: (tenant) => enter(tenant, Date.now()),
    close: async () => {
      for (const end of ends.reverse()) await end();
    },
  };
}

/** Numbers of rows that follow Zipf's law: the tenant of rank r has 1/r of the first one's. */
export function zipf(rows: number, tenants: number): number[] {
  const harmonic = Array.from({ length: tenants }, (_, rank) => 1 / (rank + 1)).reduce((sum, part) => sum + part, 0);
  return Array.from({ length: tenants }, (_, rank) => Math.round(rows / harmonic / (rank + 1)));
}

/** Fills app.projects: the tenant of each place has so many rows. Returns the tenants in the order of the counts. */
export async function seedProjects(admin: pg.Client, counts: readonly number[]): Promise<Tenant[]> {
  const { rows } = await admin.query<{ id: string }>(
    `with tenant as materialized (
      select gen_random_uuid() as id, count, rank from unnest($1::int[]) with ordinality as wanted (count, rank)
    ), made as (
      insert into app.projects (tenant_id, id, name, created_at)
      select tenant.id, gen_random_uuid(), 'Project ' || substr(md5(rank || '/' || number), 1, 10), now() - number * interval '1 minute'
      from tenant, generate_series(1, count) as number
    )
    select id from tenant order by rank`,
    [counts],
  );
  await admin.query('vacuum (analyze) app.projects');
  await admin.query('checkpoint');
  return rows.map(({ id }, index) => ({ id, slug: `tenant-${index}` }));
}

/** Rows drawn at random: a tenant with more rows is read more often. */
export async function drawTargets(admin: pg.Client, tenants: readonly Tenant[], count = 5000): Promise<Target[]> {
  const { rows } = await admin.query<{ tenant: string; id: string }>(
    'select tenant_id as tenant, id from app.projects order by random() limit $1',
    [count],
  );
  const byId = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  return rows.map(({ tenant, id }) => ({ tenant: byId.get(tenant) as Tenant, id }));
}

/** One after the other, from the start again at the end. */
export function rotating<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => items[(next = (next + 1) % items.length)] as T;
}

/** Throws unless the answer has so many rows: a read that finds nothing would be fast. */
export function expectRows({ rows }: { readonly rows: readonly unknown[] }, count: number): void {
  if (rows.length !== count) throw new Error(`${rows.length} rows instead of ${count}`);
}
