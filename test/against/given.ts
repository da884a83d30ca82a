import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { differences, fingerprint } from './fingerprint.ts';

interface Server {
  readonly template: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where a tenant's rows are. */
export interface GivenTenant {
  readonly url: string;
  readonly projects: string;
  readonly members: string;
}

/** A database with two tenants, somebody else's schema, sequences that were used, and a large object; and the databases of its tenants. */
export interface Given {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
  readonly tenants: readonly GivenTenant[];
  /** What tenants' databases are copies of, where they have some. */
  readonly templateUrl: string | undefined;
  readonly admin: pg.Client;
  /** Fingerprints all of it, to compare with later. */
  readonly remember: () => Promise<void>;
  /** What differs from what was remembered, a line for each table, once nobody else is connected. */
  readonly changes: () => Promise<string[]>;
  /** Ends every other connection to any of it. */
  readonly cut: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Starts a PostgreSQL of a generated repository's, and fills it. */
export async function openGiven(repository: string, moves: boolean): Promise<Given> {
  const own: Import = async <T>(path: string) => (await import(pathToFileURL(join(repository, path)).href)) as T;
  const { startPostgres } = await own<{
    startPostgres: (options: { purpose: 'test' }) => Promise<{ adminUrl: string; stop: () => Promise<void> }>;
  }>('scripts/postgres/start.ts');
  const { prepareServer } = await own<{ prepareServer: (url: string) => Promise<Server> }>('test/setup/database.ts');
  const { createTenant } = await own<{
    createTenant: (client: pg.Client, input: object) => Promise<{ readonly tenantId: string }>;
  }>('src/platform/tenants.ts');
  const { placeUrls } = await own<{
    placeUrls: (urls: object, tenantId: string) => Promise<{ readonly adminUrl: string }>;
  }>('test/setup/places.ts');
  const { tenantTable } = await own<{ tenantTable: (tenantId: string, name: string) => string }>(
    'src/tenancy/tenant-table.ts',
  );
  const postgres = await startPostgres({ purpose: 'test' });
  const { template, environment } = await prepareServer(postgres.adminUrl);
  const adminUrl = at(postgres.adminUrl, template);
  const runtimeUrl = environment['DATABASE_URL'] ?? '';
  const platformUrl = environment['DATABASE_PLATFORM_URL'] ?? '';
  const platform = await open(platformUrl);
  const place = { adminUrl, runtimeUrl, platformUrl, environment };
  const fill = async (tenantId: string): Promise<void> => {
    const projects = tenantTable(tenantId, 'projects');
    await withClient((await placeUrls(place, tenantId)).adminUrl, (admin) =>
      admin.query(`
        insert into ${projects} (tenant_id, id, name)
          select '${tenantId}', gen_random_uuid(), 'Project ' || n from generate_series(1, 20000) as n;
        analyze`),
    );
  };
  const ids: string[] = [];
  for (const slug of ['acme', 'globex']) {
    const { tenantId } = await createTenant(platform, { slug, environment });
    await fill(tenantId);
    ids.push(tenantId);
  }
  if (moves) await moveOut(own, { ...environment, DATABASE_ADMIN_URL: adminUrl });
  const tenants: GivenTenant[] = [];
  for (const tenantId of ids) {
    const { adminUrl: url } = await placeUrls(place, tenantId);
    tenants.push({ url, projects: tenantTable(tenantId, 'projects'), members: tenantTable(tenantId, 'members') });
  }
  await platform.end();
  const admin = await open(adminUrl);
  await admin.query(elsewhere);
  const templateUrl = await findTemplate(admin, adminUrl);
  const all = new Set([
    adminUrl,
    ...(templateUrl === undefined ? [] : [templateUrl]),
    ...tenants.map(({ url }) => url),
  ]);
  const names = [...all].map((url) => new URL(url).pathname.slice(1));
  const others = `from pg_stat_activity where datname = any ($1) and pid <> pg_backend_pid() and backend_type = 'client backend'`;
  const look = async (): Promise<Map<string, string>> => {
    for (let tries = 0; (await admin.query(`select ${others}`, [names])).rowCount !== 0 && tries < 200; tries++)
      await pause(50);
    const hashes = new Map<string, string>();
    for (const url of all) {
      const found = url === adminUrl ? await fingerprint(admin) : await withClient(url, fingerprint);
      for (const [name, hash] of found)
        hashes.set(all.size === 1 ? name : `${new URL(url).pathname.slice(1)} ${name}`, hash);
    }
    return hashes;
  };
  let before = new Map<string, string>();
  return {
    adminUrl,
    runtimeUrl,
    tenants,
    templateUrl,
    admin,
    remember: async () => void (before = await look()),
    changes: async () => differences(before, await look()),
    cut: async () => void (await admin.query(`select pg_terminate_backend(pid) ${others}`, [names])),
    close: async () => {
      await admin.end();
      await postgres.stop();
    },
  };
}

/** Imports what a generated repository has. */
type Import = <T>(path: string) => Promise<T>;

/** Moves both tenants to databases of their own; the move of acme is not over. */
async function moveOut(own: Import, environment: Readonly<Record<string, string>>): Promise<void> {
  type Move = (options: object, slug: string, to?: string) => Promise<unknown>;
  const { moveTenant, confirmMove } = await own<{ moveTenant: Move; confirmMove: Move }>('src/tenancy/move/move.ts');
  const { moveOptions } = await own<{ moveOptions: (environment: object) => object }>('src/tenancy/move/options.ts');
  const options = moveOptions(environment);
  for (const slug of ['acme', 'globex']) await moveTenant(options, slug, 'database-per-tenant');
  await confirmMove(options, 'globex');
}

/** What is there beside the application. */
const elsewhere = `
  create schema elsewhere;
  create table elsewhere.invoices (id bigint generated always as identity primary key, total numeric);
  insert into elsewhere.invoices (total) select n from generate_series(1, 100) as n;
  create sequence elsewhere.numbers;
  select nextval('elsewhere.numbers');
  select lo_from_bytea(0, 'kept');
  create role elsewhere_owner;
  alter schema elsewhere owner to elsewhere_owner;
  analyze`;

async function findTemplate(admin: pg.Client, adminUrl: string): Promise<string | undefined> {
  const known = await admin.query(`select where to_regclass('platform.template') is not null`);
  if (known.rowCount === 0) return undefined;
  const { rows } = await admin.query<{ database: string }>('select database from platform.template');
  return rows[0] === undefined ? undefined : at(adminUrl, rows[0].database);
}

const at = (url: string, database: string): string => Object.assign(new URL(url), { pathname: `/${database}` }).href;

export async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // Its statement fails.
  await client.connect();
  return client;
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await open(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
