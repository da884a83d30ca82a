import { defaultStrategy } from '../../../src/tenancy/default-strategy.ts';
import { MoveDoubt } from '../../../src/tenancy/move/doubt.ts';
import { confirmMove, moveTenant } from '../../../src/tenancy/move/move.ts';
import { moveOptions } from '../../../src/tenancy/move/options.ts';
import { connectTo, type Place } from '../../../src/tenancy/move/place.ts';
import { whyImmovable } from '../../../src/tenancy/move/tables.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { SuiteError } from '../finding.ts';
import type { MoveThere } from '../premises.ts';
import { execute } from '../session.ts';
import { handOver } from './copies.ts';
import { putThere } from './put-there.ts';

const other = defaultStrategy === 'shared-schema' ? 'database-per-tenant' : 'shared-schema';

/** Moves tenants to the other kind of place as `tenant move` does, for good; where it does not, they are put there. */
export const moveThere: MoveThere | undefined = async (environment, tenants) => {
  const options = moveOptions(environment);
  const immovable = await whyImmovableIn(options.controlPlane);
  for (const tenant of tenants) {
    if (immovable !== undefined) {
      await putThere(options, tenant, [defaultStrategy, other]);
      continue;
    }
    await moveTenant(options, tenant.slug, other).catch((error: unknown) => {
      if (!(error instanceof MoveDoubt)) throw error;
      throw new SuiteError(`No tenant could be moved to ${other}, and so none attacked there. ${error.message}`, {
        cause: error,
      });
    });
    await confirmMove(options, tenant.slug);
  }
  return immovable;
};

async function whyImmovableIn(place: Place): Promise<string | undefined> {
  const client = await connectTo(place);
  try {
    return await whyImmovable(client);
  } finally {
    await client.end();
  }
}

/** Makes statements about tenants' databases be about the tables that tenants share. */
export async function changeShared(controlPlane: string, sql: readonly string[]): Promise<void> {
  const tenants = new RegExp(String.raw`\b${roles.tenants}\b`, 'g');
  await execute(controlPlane, [...sql.map((text) => text.replace(tenants, roles.runtime)), handOver]);
}
