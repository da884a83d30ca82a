import pg from 'pg';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { projectName, roles } from '../roles.ts';
import type { Environment } from '../strategy.ts';
import { type Site, urlAt } from './place.ts';
import { settled } from './settled.ts';

/** Which database, on which server. */
export type Address = Pick<Site, 'database' | 'host' | 'port'>;

/** Works on a connection of the administrator's to a tenant's database. Needs DATABASE_ADMIN_URL. */
export async function atPlace<T>(
  { DATABASE_ADMIN_URL: url = '' }: Environment,
  address: Address,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return await asAdministrator({ DATABASE_ADMIN_URL: url === '' ? '' : urlAt(url, address) }, work);
}

/**
 * Works in a tenant's database, logged in as a client of the control plane is. `meanwhile` is done before, while it is
 * connected to.
 */
export async function atSameLogin<T>(
  client: pg.ClientBase,
  address: Address,
  work: (there: pg.Client) => Promise<T>,
  meanwhile?: () => Promise<void>,
): Promise<T> {
  const { host, port, user, password, ssl } = client as pg.Client;
  const there = new pg.Client({
    host: address.host ?? host,
    port: address.port ?? port,
    database: address.database,
    application_name: `${projectName} control plane`,
    ssl,
    user,
    password,
  });
  there.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  try {
    await settled([...(meanwhile === undefined ? [] : [meanwhile()]), there.connect()]);
    return await work(there);
  } finally {
    // Nobody waits for the goodbye, and what the caller does next goes before it.
    setImmediate(() => void there.end().catch(() => {}));
  }
}

/** The same as the platform role, which the client is or may become. */
export async function asPlatformAt<T>(
  client: pg.ClientBase,
  address: Address,
  work: (there: pg.Client) => Promise<T>,
  meanwhile?: () => Promise<void>,
): Promise<T> {
  const asPlatform = async (there: pg.Client): Promise<T> => {
    await there.query(`set role ${roles.platform}`);
    return await work(there);
  };
  return await atSameLogin(client, address, asPlatform, meanwhile);
}

/** Where a tenant's database is; as the platform role, or as the migrator. */
export async function siteOf(client: pg.ClientBase, tenantId: string): Promise<Site> {
  const { rows } = await client.query<Site>(
    `select tenant_id as "tenantId", database, login, host, port, generation from platform.places where tenant_id = $1`,
    [tenantId],
  );
  if (rows[0] === undefined) throw new Error('The tenant has no database here.');
  return rows[0];
}

/** Where the tenants' template is, and what it has. */
export interface Template {
  readonly database: string;
  readonly version: string;
}

/** Undefined before the first run of the migrations. */
export async function readTemplate(client: pg.ClientBase): Promise<Template | undefined> {
  const { rows } = await client.query<Template>('select database, version from platform.template');
  return rows[0];
}
