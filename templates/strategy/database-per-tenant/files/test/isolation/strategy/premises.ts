import type pg from 'pg';
import { readTemplate } from '../../../src/tenancy/places/connect.ts';
import { closeDatabase, copy as copyWhole } from '../../../src/tenancy/places/make.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { copyDatabase, type TestDatabase, type TestServer, withClient } from '../../setup/database.ts';
import { placeUrls } from '../../setup/places.ts';
import { markDatabase } from '../../setup/runs.ts';
import { readCatalog, tenantTables } from '../catalog.ts';
import { readContexts } from '../context.ts';
import { SuiteError } from '../finding.ts';
import { createDetector } from '../leaks.ts';
import type { Access, Change, Copy, Filling, GivenHome, Home } from '../premises.ts';
import { characterOf, seeEveryRow } from '../privileged.ts';
import { inReferenceOrder } from '../reference-order.ts';
import { attemptsAsLogin, connect, execute } from '../session.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { readAgain } from '../world.ts';
import { openAccess, type Place, tenantsOf } from './access.ts';
import { at, changePlaces, dropControlPlane, dropDatabase, nameOf, openCopies } from './copies.ts';
import { changeShared, moveThere } from './moving.ts';
import { copyTenant, copyTenants } from './rows.ts';

/*
 * A ground is a control plane, its tenants' databases, and one more that is made like theirs and holds the rows of all of
 * them: the home, where policies are attacked.
 */

const homeOf = (controlPlane: string): string => `${controlPlane}_home`;

/** Copies a control plane and its home, and changes tenants' databases, or what the change says; those of tenants are copied when they are asked for. */
export async function copyGround(server: TestServer, { sql = [], at: spot }: Change = {}): Promise<Copy> {
  const copy = await copyDatabase(server);
  const { adminUrl } = copy;
  const { furnish, drop: dropCopies } = await openCopies(server, copy, async () => {
    if (spot === undefined && sql.length > 0) await changeAll(copy, sql);
  });
  const drop = async (): Promise<void> => {
    await dropCopies();
    await withClient(server.adminUrl, (admin) => dropDatabase(admin, homeOf(nameOf(adminUrl))));
  };
  try {
    const home = await copyHome(server, copy);
    if (spot !== undefined && spot !== 'control plane') await furnish();
    if (spot === undefined) await execute(home.adminUrl, sql);
    else if (typeof spot === 'string') await execute(adminUrl, sql);
    else await execute((await placeUrls(copy, spot.tenantId)).adminUrl, sql);
    return { ...copy, home, furnish, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

/** Tenants' databases are changed, and so are tables that tenants share; rows that tables got in the home since are brought to each. */
async function changeAll(copy: TestDatabase, sql: readonly string[]): Promise<void> {
  await changePlaces(copy, sql);
  await changeShared(copy.adminUrl, sql);
  const { moveOut, close } = await openFilling(copy);
  try {
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
export async function dropGround(server: TestServer): Promise<void> {
  await dropControlPlane(server);
  await withClient(server.adminUrl, (admin) => dropDatabase(admin, homeOf(server.template)));
}

export function accessTo(
  copy: Copy,
  { world }: Pick<Target, 'world'>,
): Access & { readonly close: () => Promise<void> } {
  const { adminOf, note, logins, close } = openAccess(copy);
  // No tenant's login sees what another one's sends; an administrator does, and so does the log.
  return { adminOf, note, logins, close, watcher: async () => await adminOf(world.victim.id) };
}

/** The database of the look-ups, where the application logs in as one role for all. Rows are there of tenants that were moved to it, if any were. */
export async function openControlPlane(copy: Copy, home: Target): Promise<Target> {
  const admin = await connect(copy.adminUrl);
  const login = await connect(copy.runtimeUrl);
  await seeEveryRow(admin);
  const catalog = await readCatalog(admin, roles.runtime);
  const { moved } = home.world;
  const tables = moved === undefined ? [] : tenantTables(catalog);
  const world =
    moved === undefined ? home.world : { ...(await readAgain(admin, tables, moved)), shut: home.world.shut };
  return {
    ...home,
    runtimeUrl: copy.runtimeUrl,
    catalog,
    tables,
    world,
    detector: createDetector(world, tables),
    contexts: await readContexts(admin),
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
  return { database: template.database, runtimeRole: roles.tenants, isOneOfTwo: moveThere !== undefined };
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
