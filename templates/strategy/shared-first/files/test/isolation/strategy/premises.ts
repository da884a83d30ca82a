import type pg from 'pg';
import { forRole } from '../../../src/tenancy/places/tenant-migrations.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { copyDatabase, type TestServer } from '../../setup/database.ts';
import { placeUrls } from '../../setup/places.ts';
import { createMarked } from '../../setup/runs.ts';
import type { Access, Change, Copy, Filling, GivenHome } from '../premises.ts';
import { connect, execute } from '../session.ts';
import type { Target } from '../target.ts';
import { noteAs, openAccess, type Place } from './access.ts';
import { changePlaces, dropControlPlane, openCopies } from './copies.ts';

/*
 * A ground is one database, in which most tenants are, and the databases of those that were moved: the tables that are
 * shared are where policies are attacked.
 */

/** Not of a tenant's database: roles and databases belong to the server, and rows to somebody. */
const staysHere = /\b(role|database)\b|^\s*(insert|update|delete)\b/i;

/** Copies a prepared database, and changes the copy; tenants' own databases are copied when they are asked for. */
export async function copyGround(server: TestServer, { sql = [], at: spot }: Change = {}): Promise<Copy> {
  const copy = await copyDatabase(server);
  const { adminUrl, runtimeUrl } = copy;
  const { furnish, drop } = await openCopies(server, copy, async () => {
    if (spot !== undefined) return;
    await changePlaces(copy, sql.filter((text) => !staysHere.test(text)).map(forRole(roles.tenants)));
  });
  try {
    if (spot !== undefined && spot !== 'control plane') await furnish();
    const url = typeof spot === 'object' ? (await placeUrls(copy, spot.tenantId)).adminUrl : adminUrl;
    await execute(url, sql);
    return { ...copy, home: { adminUrl, runtimeUrl, runtimeRole: roles.runtime }, furnish, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

/** Prepares a second database from the first as it is now; nobody was moved. */
export async function forkGround(admin: pg.Client, from: string, to: string): Promise<void> {
  await createMarked(admin, to, from);
}

export async function dropGround(server: TestServer): Promise<void> {
  await dropControlPlane(server);
}

export function accessTo(
  copy: Copy,
  { admin, login }: Pick<Target, 'admin' | 'login'>,
): Access & { readonly close: () => Promise<void> } {
  const { adminOf, note, logins, close } = openAccess(copy);
  // With the same role as all tenants that share tables, and so with what they could see of each other.
  return { adminOf, note, logins, close, watcher: async () => login ?? admin };
}

/** The control plane, where it is another database than that of the tenants: it is not. */
export const openControlPlane: ((copy: Copy, home: Target) => Promise<Target>) | undefined = undefined;

/** The database in which tenants' tables are attacked, where the one that was given is the control plane alone: it is not. */
export const homeOfGiven: ((controlPlane: pg.Client) => Promise<GivenHome>) | undefined = undefined;

/** Fills the database itself; whoever moves does so afterwards. */
export async function openFilling({ adminUrl, runtimeUrl }: Place): Promise<Filling> {
  const admin = await connect(adminUrl);
  return {
    admin,
    adminOf: async () => admin,
    note: noteAs(async () => admin),
    logins: async () => [runtimeUrl],
    watcher: async () => admin,
    moveIn: async () => {},
    moveOut: async () => {},
    close: async () => await admin.end(),
  };
}
