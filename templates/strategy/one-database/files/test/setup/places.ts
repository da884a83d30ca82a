import { roles } from '../../src/tenancy/roles.ts';
import type { TestDatabase } from './database.ts';

/** By which URLs the three logins reach tables. */
export type TableUrls = Pick<TestDatabase, 'adminUrl' | 'runtimeUrl' | 'platformUrl'>;

/** What a copy of the database needs besides: nothing, it holds every tenant. */
export async function copyPlaces(_adminUrl: string, _environment: Readonly<Record<string, string>>): Promise<void> {}

/** The other way round. */
export async function dropPlaces(_adminUrl: string, _environment: Readonly<Record<string, string>>): Promise<void> {}

/** Where a tenant's rows are: in the one database. */
export async function placeUrls(
  { adminUrl, runtimeUrl, platformUrl }: TableUrls & Pick<TestDatabase, 'environment'>,
  _tenantId: string,
): Promise<TableUrls> {
  return { adminUrl, runtimeUrl, platformUrl };
}

/** Where the tables are that every tenant's are made like. */
export async function templateUrl(adminUrl: string): Promise<string> {
  return adminUrl;
}

/** The role that the policies of these tables are for. */
export const servedRole = roles.runtime;

/** The same for who breaks what is there. */
export const migratedUrl = templateUrl;

/** What the administrator has to be, beside the owner of the database. */
export const administratorRights = 'createrole';
