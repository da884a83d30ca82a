import type pg from 'pg';
import { readTemplate } from '../../../src/tenancy/places/connect.ts';
import { placeUrls } from '../../setup/places.ts';
import type { OwnArena } from '../arena.ts';
import { SuiteError } from '../finding.ts';
import { connect } from '../session.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Tenant } from '../world.ts';
import { residentsOf } from './residents.ts';

/** Where a tenant is. */
export interface Placed {
  readonly tenant: Tenant;
  readonly database: string;
  readonly login: string;
}

/** And how its login gets there. */
export interface Inhabited extends Placed {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
}

/** The control plane and the databases of an attacker and a victim, as the application finds them. */
export interface Scene {
  readonly environment: Readonly<Record<string, string>>;
  /** To the control plane, as an administrator. */
  readonly admin: pg.Client;
  readonly controlPlane: string;
  readonly template: string;
  readonly attacker: Inhabited;
  readonly victim: Inhabited;
  readonly bystander: Placed;
  /** Databases of all others; not those that are still to be made. */
  readonly others: readonly string[];
  readonly adminOf: OwnArena['adminOf'];
}

/** Reads where everybody is; after everything was copied. */
export async function setScene({ world }: Target, controlPlane: Target, own: OwnArena): Promise<Scene> {
  const { admin } = controlPlane;
  const environment = await own.environment();
  const {
    DATABASE_ADMIN_URL: adminUrl = '',
    DATABASE_URL: runtimeUrl = '',
    DATABASE_PLATFORM_URL: platformUrl = '',
  } = environment;
  const inhabited = async (tenant: Tenant): Promise<Inhabited> => {
    const urls = await placeUrls({ adminUrl, runtimeUrl, platformUrl, environment }, tenant.id);
    const { pathname, username } = new URL(urls.runtimeUrl);
    return {
      tenant,
      database: pathname.slice(1),
      login: username,
      adminUrl: urls.adminUrl,
      runtimeUrl: urls.runtimeUrl,
    };
  };
  const { attacker, victim, bystander } = residentsOf(world);
  const template = await readTemplate(admin);
  if (bystander === undefined || template === undefined) throw new SuiteError('There is nobody beside the attacker.');
  const { rows } = await admin.query<{ id: string; database: string; login: string }>(
    `select tenant_id::text as id, database, login from platform.places join pg_database on datname = database
    where tenant_id not in (${[attacker, victim].map(({ id }) => literal(id)).join(', ')})`,
  );
  const { database = '', login = '' } = rows.find(({ id }) => id === bystander.id) ?? {};
  return {
    environment,
    admin,
    controlPlane: new URL(adminUrl).pathname.slice(1),
    template: template.database,
    attacker: await inhabited(attacker),
    victim: await inhabited(victim),
    bystander: { tenant: bystander, database, login },
    others: rows.map(({ database }) => database),
    adminOf: own.adminOf,
  };
}

/** The URL with another database. */
export const elsewhere = (url: string, database: string): string =>
  Object.assign(new URL(url), { pathname: `/${database}` }).href;

/** Tries to log in: the connection, or the error that refused it. */
export async function tryToConnect(url: string): Promise<pg.Client | (Error & { readonly code?: string })> {
  return await connect(url).catch((error: Error) => error);
}

/** Connects for a moment. */
export async function whileConnected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
