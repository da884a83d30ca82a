import { createHmac, randomBytes } from 'node:crypto';
import { developmentSecrets } from '../../scripts/development-secrets.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { projectName, roles } from '../../src/tenancy/roles.ts';
import { withClient } from './client.ts';
import { copyPlaces } from './places.ts';
import { beginRun, createMarked, dropMarked, inTurn } from './runs.ts';

export { withClient } from './client.ts';

/** A migrated database of its own; the URLs are for the three logins. */
export interface TestDatabase {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
  readonly platformUrl: string;
  /** What the application and the scripts read: URLs and secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly drop: () => Promise<void>;
}

/** A server with a migrated template: what it takes to make test databases. Plain data, so that it can be handed to other processes. */
export interface TestServer {
  readonly adminUrl: string;
  readonly template: string;
  readonly environment: Readonly<Record<string, string>>;
}

const withDatabase = (url: string, database: string): string =>
  Object.assign(new URL(url), { pathname: `/${database}` }).href;

/** The logins are the whole server's: another run that gives them their passwords gives them the same. */
function login(adminUrl: string, role: string): string {
  const secret = new URL(adminUrl).password || randomBytes(12);
  const password = createHmac('sha256', secret).update(role).digest('hex');
  return Object.assign(new URL(adminUrl), { username: role, password }).href;
}

/** Migrates a template database on the server; test databases are copies of it, which takes milliseconds. */
export async function prepareServer(adminUrl: string): Promise<TestServer> {
  return await inTurn(adminUrl, () => prepareTemplate(adminUrl));
}

async function prepareTemplate(adminUrl: string): Promise<TestServer> {
  const template = `template_${await beginRun(adminUrl)}`;
  await withClient(adminUrl, (client) => createMarked(client, template));
  const url = withDatabase(adminUrl, template);
  const environment = {
    NODE_ENV: 'test',
    DATABASE_URL: login(url, roles.runtime),
    DATABASE_PLATFORM_URL: login(url, roles.platform),
    DATABASE_ADMIN_URL: url,
    ...(await developmentSecrets(projectName)),
  };
  await migrate({ adminUrl: url, environment });
  await assertBoundByPolicies(environment.DATABASE_URL);
  return { adminUrl, template, environment };
}

/** A stand-in that lets every login be superuser would make each isolation test pass: it is refused. */
async function assertBoundByPolicies(runtimeUrl: string): Promise<void> {
  const { rows } = await withClient(runtimeUrl, (client) =>
    client.query('select from pg_roles where rolname = current_user and not rolsuper and not rolbypassrls'),
  );
  if (rows.length === 0) throw new Error('The tests would run as a role that row-level security does not bind.');
}

/** Copies the template, and what its tenants have beside it. */
export async function createTestDatabaseOn(server: TestServer): Promise<TestDatabase> {
  const database = await copyDatabase(server);
  await copyPlaces(database.adminUrl, database.environment);
  return database;
}

/** Copies the template alone. */
export async function copyDatabase(server: TestServer): Promise<TestDatabase> {
  const name = `${server.template.replace(/^template/, 'test')}_${randomBytes(6).toString('hex')}`;
  await withClient(server.adminUrl, async (client) => {
    await createMarked(client, name, server.template);
    // Privileges of a database are not copied with it.
    await client.query(`revoke temporary on database ${name} from public`);
  });
  const environment = Object.fromEntries(
    Object.entries(server.environment).map(([key, value]) => [
      key,
      key.endsWith('_URL') ? withDatabase(value, name) : value,
    ]),
  );
  const adminUrl = withDatabase(server.adminUrl, name);
  return {
    adminUrl,
    runtimeUrl: environment['DATABASE_URL'] as string,
    platformUrl: environment['DATABASE_PLATFORM_URL'] as string,
    environment,
    drop: () => dropMarked(server.adminUrl, name),
  };
}
