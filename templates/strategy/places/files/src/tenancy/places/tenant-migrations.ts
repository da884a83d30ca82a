import { roles } from '../roles.ts';
import { type Migration, readMigrations } from '../../platform/migration-files.ts';

/** The files that every tenant's place is made of. */
export async function readTenantMigrations(): Promise<Migration[]> {
  return (await readMigrations()).filter(({ name }) => name.startsWith('tenant/'));
}

/** Gives what the migrations say of the runtime role to the role that serves a place. */
export const forRole =
  (role: string) =>
  (sql: string): string =>
    sql.replace(new RegExp(String.raw`\b${roles.runtime}\b`, 'g'), role);
