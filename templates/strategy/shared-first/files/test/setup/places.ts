import { roles } from '../../src/tenancy/roles.ts';

export { administratorRights, copyPlaces, dropPlaces, type TableUrls } from './own-places.ts';
export { placeUrls } from './placed.ts';

/** Where the tables are that every new tenant's are made like: those that tenants share. */
export async function templateUrl(adminUrl: string): Promise<string> {
  return adminUrl;
}

/** The same for who breaks what is there. */
export const migratedUrl = templateUrl;

/** The role that the policies of these tables are for. */
export const servedRole = roles.runtime;
