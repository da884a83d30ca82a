import pg from 'pg';
import { readConfig } from '../../src/config.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { runAsTenant, type TenantContext, tenantId } from '../../src/tenancy/context.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { withClient } from '../setup/database.ts';
import { placeUrls } from '../setup/places.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

interface Options {
  readonly poolSize?: number;
  readonly lanes?: number;
  /** Where the application connects to, in place of the database's own URL. */
  readonly through?: (url: string) => Promise<string>;
  /** Prepares the database before it has tenants. */
  readonly before?: (test: TestDatabase) => Promise<void>;
}

/** A database of its own with two tenants: ada, and bob, who has more members. */
export async function createTwoTenants(options: Options = {}) {
  const test = await createTestDatabase();
  await options.before?.(test);
  const platform = new pg.Client(test.platformUrl);
  await platform.connect();
  const create = async (slug: string): Promise<TenantContext> => {
    const { tenantId: id } = await createTenant(platform, { slug, environment: administrator(test) });
    return { id: tenantId(id), slug };
  };
  const ada = await create('ada');
  const bob = await create('bob');
  await platform.end();
  const { poolSize = 4, lanes = 2, through = async (url) => url } = options;
  const url = await through(test.runtimeUrl);
  const database = await openDatabase({ ...readConfig(test.environment), database: { url, poolSize, lanes } });
  const names = Array.from({ length: 5 }, (_, index) => `bob-${index}`);
  await runAsTenant(bob, () => database.transaction((connection) => addMembers(connection, names)));
  const clients: pg.Client[] = [];
  return {
    test,
    database,
    ada,
    bob,
    /** By which URLs the three logins reach a tenant's rows. */
    urlsOf: ({ id }: TenantContext) => placeUrls(test, id),
    /** Every row's subject, whoever's it is. */
    everySubject: () => everySubject(test, [ada, bob]),
    /** A connection that lasts until drop(). */
    connect: async (url: string): Promise<pg.Client> => {
      const client = new pg.Client(url);
      await client.connect();
      clients.push(client);
      return client;
    },
    drop: async () => {
      await Promise.all(clients.map((client) => client.end()));
      await database.close();
      await test.drop();
    },
  };
}

export async function addMembers(connection: Database['writer'], subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) {
    await connection.insertInto('members').values({ id: crypto.randomUUID(), subject, role: 'member' }).execute();
  }
}

/** What making a tenant may take beside the platform role. */
export const administrator = ({ environment }: TestDatabase): TestDatabase['environment'] => environment;

/** The subjects that a statement sees in a tenant's table, sorted. */
export const subjects = ({ id }: Pick<TenantContext, 'id'>) => ({
  text: `select subject from ${tenantTable(id, 'members')} order by subject`,
});

async function everySubject(test: TestDatabase, tenants: readonly TenantContext[]): Promise<string[]> {
  const places = new Map<string, string>();
  for (const { id } of tenants) places.set(`${(await placeUrls(test, id)).adminUrl} ${tenantTable(id, 'members')}`, id);
  const found: string[] = [];
  for (const id of places.values()) {
    const { adminUrl } = await placeUrls(test, id);
    await withClient(adminUrl, async (admin) => {
      await admin.query(`set role ${roles.migrator}`);
      const { rows } = await admin.query<{ subject: string }>(`select subject from ${tenantTable(id, 'members')}`);
      found.push(...rows.map(({ subject }) => subject));
    });
  }
  return found.sort();
}
