import type pg from 'pg';
import { roles } from '../../../src/tenancy/roles.ts';
import { createTestDatabaseOn, type TestDatabase, type TestServer, withClient } from '../../setup/database.ts';
import { createMarked } from '../../setup/runs.ts';
import type { Access, Change, Copy, Filling, GivenHome } from '../premises.ts';
import { connect, execute } from '../session.ts';
import type { Target } from '../target.ts';

/** Copies a prepared database, and changes the copy. */
export async function copyGround(server: TestServer, { sql = [] }: Change = {}): Promise<Copy> {
  const copy = await createTestDatabaseOn(server);
  const { adminUrl, runtimeUrl } = copy;
  await execute(adminUrl, sql).catch(async (error: unknown) => {
    await copy.drop();
    throw error;
  });
  return { ...copy, home: { adminUrl, runtimeUrl, runtimeRole: roles.runtime }, furnish: async () => {} };
}

/** Prepares a second database from the first as it is now. */
export async function forkGround(admin: pg.Client, from: string, to: string): Promise<void> {
  await createMarked(admin, to, from);
}

export async function dropGround({ adminUrl, template }: TestServer): Promise<void> {
  await withClient(adminUrl, (admin) => admin.query(`drop database if exists ${template} with (force)`));
}

/** All rows are in one database, so its administrator sees them. */
export const accessTo = (
  { runtimeUrl }: Copy,
  { admin, login }: Pick<Target, 'admin' | 'login'>,
): Access & { readonly close: () => Promise<void> } => ({
  adminOf: async () => admin,
  note: async () => {}, // The row itself says it.
  logins: async () => [runtimeUrl],
  // With the same role as all tenants, and so with what they could see of each other.
  watcher: async () => login ?? admin,
  close: async () => {},
});

/** The control plane, where it is another database than that of the tenants: it is not. */
export const openControlPlane: ((copy: Copy, home: Target) => Promise<Target>) | undefined = undefined;

/** The database in which tenants' tables are attacked, where the one that was given is the control plane alone: it is not. */
export const homeOfGiven: ((controlPlane: pg.Client) => Promise<GivenHome>) | undefined = undefined;

/** Fills the database itself. */
export async function openFilling({
  adminUrl,
  runtimeUrl,
}: Pick<TestDatabase, 'adminUrl' | 'runtimeUrl'>): Promise<Filling> {
  const admin = await connect(adminUrl);
  return {
    admin,
    adminOf: async () => admin,
    note: async () => {}, // The row itself says it.
    logins: async () => [runtimeUrl],
    watcher: async () => admin,
    moveIn: async () => {},
    moveOut: async () => {},
    close: async () => await admin.end(),
  };
}
