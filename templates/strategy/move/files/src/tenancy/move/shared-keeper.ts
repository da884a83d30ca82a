import { eraseRows } from './erase.ts';
import type { Keeper } from './keepers.ts';
import { connectTo, type Place } from './place.ts';
import { placedTables } from './tables.ts';

/** Tenants in the tables that they share: there is room for everybody. */
export function sharedKeeper(controlPlane: Place): Keeper {
  return {
    prepare: async () => {},
    find: async () => controlPlane,
    discard: async (tenantId) => {
      const client = await connectTo(controlPlane);
      try {
        await eraseRows(client, await placedTables(client), tenantId);
      } finally {
        await client.end();
      }
    },
  };
}
