import type { Environment } from '../strategy.ts';
import type { MoveOptions } from './move.ts';
import { ownKeeper } from './own-keeper.ts';
import type { Place } from './place.ts';
import { sharedKeeper } from './shared-keeper.ts';

/** Where a tenant can be. */
export const strategies = ['shared-schema', 'database-per-tenant'] as const;

/** What a move takes from the environment: DATABASE_ADMIN_URL, and the keys of tenants' databases. */
export function moveOptions(environment: Environment): MoveOptions {
  const { DATABASE_ADMIN_URL: adminUrl = '' } = environment;
  if (adminUrl === '') throw new Error('This takes an administrator. Next: set DATABASE_ADMIN_URL.');
  const controlPlane: Place = { strategy: 'shared-schema', adminUrl, isControlPlane: true };
  return {
    controlPlane,
    keepers: { 'shared-schema': sharedKeeper(controlPlane), 'database-per-tenant': ownKeeper(environment) },
  };
}
