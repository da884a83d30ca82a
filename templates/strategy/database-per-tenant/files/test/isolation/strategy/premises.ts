import pg from 'pg';
import { readTemplate } from '../../../src/tenancy/places/connect.ts';
import { dropLogin } from '../../../src/tenancy/places/drop.ts';
import { bindDatabase, closeDatabase, copy as copyWhole } from '../../../src/tenancy/places/make.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { templateSchema } from '../../../src/tenancy/schema.ts';
import { copyDatabase, type TestDatabase, type TestServer, withClient } from '../../setup/database.ts';
import { copyPlaces, dropPlaces, placeUrls } from '../../setup/places.ts';
import { markDatabase } from '../../setup/runs.ts';
import { readCatalog, tenantTables } from '../catalog.ts';
import { SuiteError } from '../finding.ts';
import type { Access, Change, Copy, Filling, GivenHome, Home } from '../premises.ts';
import { characterOf, seeEveryRow } from '../privileged.ts';
import { inReferenceOrder } from '../rows.ts';
import { attemptsAsLogin, connect, execute } from '../session.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { openAccess, type Place, tenantsOf } from './access.ts';
import { copyTenant, copyTenants } from './rows.ts';

/*
 * A ground is a control plane, its tenants' databases, and one more that is made like theirs and holds the rows of all of
 * them: the home, where policies are attacked.
 */

const nameOf = (url: string): string => new URL(url).pathname.slice(1);
const at = (url: string, database: string): string => Object.assign(new URL(url), { pathname: `/${database}` }).href;
const homeOf = (controlPlane: string): string => `${controlPlane}_home`;
/** Only where tenants' databases were changed: those that are made later are too. */
const templateOf = (controlPlane: string): string => `${controlPlane}_template`;

/** Copies a control plane and its home, and changes tenants' databases, or what the change says; those of tenants are copied when they are asked for. */
export async function copyGround(server: TestServer, { sql = [], at: spot }: Change = {}): Promise<Copy> {
  const copy = await copyDatabase(server);
  const { adminUrl, environment } = copy;
  const copied = await withClient(adminUrl, placesOf);
  let furnished: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    const places = await withClient(adminUrl, placesOf);
    await withClient(server.adminUrl, async (admin) => {
      const name = nameOf(adminUrl);
      for (const each of [name, homeOf(name), templateOf(name)]) await dropDatabase(admin, each);
      for (const { database, login } of places) {
        // What it was copied from keeps its databases, and the logins that both have.
        if (!copied.some((each) => each.database === database)) await dropDatabase(admin, database);
        if (!copied.some((each) => each.login === login)) await dropLogin(admin, login);
      }
    });
  };
  const furnish = async (): Promise<void> => {
    await copyPlaces(adminUrl, environment);
    if (spot === undefined && sql.length > 0) await changePlaces(copy, sql);
  };
  const furnishOnce = async (): Promise<void> => {
    furnished ??= furnish();
    await furnished;
  };
  try {
    const home = await copyHome(server, copy);
    if (spot !== undefined && spot !== 'control plane') await furnishOnce();
    if (spot === undefined) await execute(home.adminUrl, sql);
    else if (typeof spot === 'string') await execute(adminUrl, sql);
    else await execute((await placeUrls(copy, spot.tenantId)).adminUrl, sql);
    return { ...copy, home, furnish: furnishOnce, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

interface Occupied {
  readonly database: string;
  readonly login: string;
}

async function placesOf(controlPlane: pg.ClientBase): Promise<Occupied[]> {
  return (await controlPlane.query<Occupied>('select database, login from platform.places')).rows;
}

/** What a migration made is the owner's afterwards. */
const handOver = `do $$ declare made regclass; begin
  for made in
    select oid from pg_class
    where relkind in ('r', 'p') and relnamespace = '${templateSchema}'::regnamespace and pg_get_userbyid(relowner) = current_user
  loop
    execute format('alter table %s owner to ${roles.owner}', made);
  end loop; end $$`;

/** Changes each tenant's database and their template as a migration does; rows that tables got in the home since are brought there. */
async function changePlaces(copy: TestDatabase, sql: readonly string[]): Promise<void> {
  await withClient(copy.adminUrl, async (admin) => {
    const name = templateOf(nameOf(copy.adminUrl));
    await copyWhole(admin, name, (await readTemplate(admin))?.database ?? '');
    await closeDatabase(admin, name);
    await execute(at(copy.adminUrl, name), [...sql, handOver]);
    await admin.query('update platform.template set database = $1', [name]);
  });
  const { moveOut, close } = await openFilling(copy);
  try {
    await Promise.all(
      (await withClient(copy.adminUrl, tenantsOf)).map(async (tenantId) => {
        const url = (await placeUrls(copy, tenantId)).adminUrl;
        await execute(url, sql);
        const there = await connect(url);
        try {
          await seeEveryRow(there);
          await bindDatabase(there, tenantId);
        } finally {
          await there.end();
        }
      }),
    );
    await moveOut();
  } finally {
    await close();
  }
}

/** The first tenant's login attacks it. */
async function copyHome(server: TestServer, copy: TestDatabase): Promise<Home> {
  const database = homeOf(nameOf(copy.adminUrl));
  const [attacker = ''] = await withClient(copy.adminUrl, tenantsOf);
  const { runtimeUrl } = await placeUrls(copy, attacker);
  const runtimeRole = new URL(runtimeUrl).username;
  await withClient(server.adminUrl, async (admin) => {
    await copyWhole(admin, database, homeOf(server.template));
    await closeDatabase(admin, database);
    await markDatabase(admin, database);
    await admin.query(`grant connect on database ${database} to ${runtimeRole}`);
  });
  return { adminUrl: at(copy.adminUrl, database), runtimeUrl: at(runtimeUrl, database), runtimeRole };
}

/** Prepares a second ground from the first as it is now; the tenants' databases are the same. */
export async function forkGround(admin: pg.Client, from: string, to: string): Promise<void> {
  for (const [copied, original] of [
    [to, from],
    [homeOf(to), homeOf(from)],
  ] as const) {
    await copyWhole(admin, copied, original);
    await markDatabase(admin, copied);
  }
}

/** With the databases of its tenants, their template and the home. */
export async function dropGround({ adminUrl, template, environment }: TestServer): Promise<void> {
  const url = at(adminUrl, template);
  const tenants = await withClient(url, readTemplate);
  await dropPlaces(url, environment);
  await withClient(adminUrl, async (admin) => {
    for (const each of [template, homeOf(template)]) await dropDatabase(admin, each);
    if (tenants?.database.startsWith(template)) await dropDatabase(admin, tenants.database);
  });
}

async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
}

export function accessTo(
  copy: Copy,
  { world }: Pick<Target, 'world'>,
): Access & { readonly close: () => Promise<void> } {
  const { adminOf, note, logins, close } = openAccess(copy);
  // No tenant's login sees what another one's sends; an administrator does, and so does the log.
  return { adminOf, note, logins, close, watcher: async () => await adminOf(world.victim.id) };
}

/** The database of the look-ups: nothing of a tenant is in it, and the application logs in as one role for all. */
export async function openControlPlane(copy: Copy, home: Target): Promise<Target> {
  const admin = await connect(copy.adminUrl);
  const login = await connect(copy.runtimeUrl);
  await seeEveryRow(admin);
  return {
    ...home,
    runtimeUrl: copy.runtimeUrl,
    catalog: await readCatalog(admin, roles.runtime),
    tables: [],
    runtimeRole: roles.runtime,
    runtime: await characterOf(admin, roles.runtime),
    admin,
    login,
    attempt: attemptsAsLogin(login),
    close: async () => {
      await Promise.all([admin.end(), login.end()]);
    },
  };
}

/** What tenants' databases are made of, for nobody: its rows are made in a transaction, which is taken back. */
export const homeOfGiven: ((controlPlane: pg.Client) => Promise<GivenHome>) | undefined = async (controlPlane) => {
  const known = await controlPlane.query(`select where to_regclass('platform.template') is not null`);
  const template = known.rowCount === 0 ? undefined : await readTemplate(controlPlane);
  if (template === undefined)
    throw new SuiteError(
      'This database is no control plane of tenants’ databases. Next: name the one of DATABASE_ADMIN_URL, and npm run db:migrate.',
    );
  return { database: template.database, runtimeRole: roles.tenants };
};

/** Tenants are filled in the home, where one's rows meet another's, and then each in its own database. */
export async function openFilling(place: Place): Promise<Filling> {
  const { adminOf, note, logins, close, controlPlane } = openAccess(place);
  const admin = await openHome(place, await controlPlane());
  await seeEveryRow(admin);
  const tables = async () => inReferenceOrder(tenantTables(await readCatalog(admin, roles.tenants)));
  return {
    admin,
    adminOf,
    note,
    logins,
    watcher: async () => admin,
    moveIn: async (tenantId) => {
      await copyTenants(await controlPlane(), admin);
      await copyTenant(await adminOf(tenantId), admin, await tables(), tenantId);
    },
    moveOut: async () => {
      await copyTenants(await controlPlane(), admin);
      const known = await tables();
      for (const tenantId of await tenantsOf(await controlPlane()))
        await copyTenant(admin, await adminOf(tenantId), known, tenantId);
    },
    close: async () => {
      await Promise.all([admin.end(), close()]);
    },
  };
}

/** It is made of what tenants' databases are made of, but for no tenant. */
async function openHome({ adminUrl }: Pick<TestDatabase, 'adminUrl'>, controlPlane: pg.Client): Promise<pg.Client> {
  const name = homeOf(nameOf(adminUrl));
  const { rowCount } = await controlPlane.query(`select from pg_database where datname = ${literal(name)}`);
  if (rowCount === 0) {
    const template = await readTemplate(controlPlane);
    if (template === undefined) throw new Error('There is no template for the databases of tenants.');
    // Not by the migrator, which seeEveryRow() may have become.
    await withClient(adminUrl, (admin) => copyWhole(admin, name, template.database));
  }
  return await connect(at(adminUrl, name));
}
