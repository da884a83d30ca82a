import type pg from 'pg';
import type { Applied } from '../platform/migrations.ts';
import { defaultStrategy } from './default-strategy.ts';
import { openMoves } from './move/ledger.ts';
import { ownPlacement } from './own-placement.ts';
import { sharedPlacement } from './shared-placement.ts';
import type { TenantMigrationRun, TenantPlacement } from './strategy.ts';

const placements = { 'shared-schema': sharedPlacement, 'database-per-tenant': ownPlacement };

const first = placements[defaultStrategy];

/**
 * The control plane's side of both strategies: new tenants get the first; platform.placements says where others are.
 */
export const placement: TenantPlacement = {
  strategy: first.strategy,
  places: ownPlacement.places,
  prepare: first.prepare,
  provision: first.provision,
  within: async (plane, tenantId, work, register) => {
    const placed = register === undefined ? await placementOf(plane.client, tenantId) : first;
    return await placed.within(plane, tenantId, work, register);
  },
  migrate: migrateBoth,
  fingerprint: async (admin, tenantId) => await (await placementOf(admin, tenantId)).fingerprint(admin, tenantId),
  export: async (plane, tenantId, work) =>
    await (await placementOf(plane.client, tenantId)).export(plane, tenantId, work),
  destroy: async (plane, tenantId) => {
    const [move] = (await openMoves(plane.client)).filter((each) => each.tenantId === tenantId);
    if (move !== undefined) {
      throw new Error(
        `A move of "${move.slug}" is not over, and its rows are in two places. Next: npm run tenant -- move ${move.slug} --confirm or --undo`,
      );
    }
    return await (await placementOf(plane.client, tenantId)).destroy(plane, tenantId);
  },
};

async function placementOf(client: pg.ClientBase, tenantId: string): Promise<TenantPlacement> {
  const { rows } = await client.query<{ strategy: keyof typeof placements }>(
    'select strategy from platform.placements where tenant_id = $1',
    [tenantId],
  );
  const [placed] = rows;
  // Without a tenant there is nothing but a database that is ready for one.
  return placed === undefined ? ownPlacement : placements[placed.strategy];
}

/** The same files, in the tables that tenants share and in the databases of the others. */
async function migrateBoth(run: TenantMigrationRun): Promise<Applied[]> {
  const applied = run.tenant === undefined ? await sharedPlacement.migrate(run) : [];
  const known = new Set(applied.map(({ name }) => name));
  return [...applied, ...(await ownPlacement.migrate(run)).filter(({ name }) => !known.has(name))];
}
