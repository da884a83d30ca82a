import { defaultStrategy } from '../../../src/tenancy/default-strategy.ts';
import { MoveDoubt } from '../../../src/tenancy/move/doubt.ts';
import { confirmMove, moveTenant } from '../../../src/tenancy/move/move.ts';
import { moveOptions } from '../../../src/tenancy/move/options.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { SuiteError } from '../finding.ts';
import type { MoveThere } from '../premises.ts';
import { execute } from '../session.ts';
import { handOver } from './copies.ts';

const other = defaultStrategy === 'shared-schema' ? 'database-per-tenant' : 'shared-schema';

/** Moves tenants to the other kind of place as `tenant move` does, for good. */
export const moveThere: MoveThere | undefined = async (environment, tenants) => {
  const options = moveOptions(environment);
  for (const { slug } of tenants) {
    await moveTenant(options, slug, other).catch((error: unknown) => {
      if (!(error instanceof MoveDoubt)) throw error;
      throw new SuiteError(`No tenant could be moved to ${other}, and so none attacked there. ${error.message}`, {
        cause: error,
      });
    });
    await confirmMove(options, slug);
  }
};

/** Makes statements about tenants' databases be about the tables that tenants share. */
export async function changeShared(controlPlane: string, sql: readonly string[]): Promise<void> {
  const tenants = new RegExp(String.raw`\b${roles.tenants}\b`, 'g');
  await execute(controlPlane, [...sql.map((text) => text.replace(tenants, roles.runtime)), handOver]);
}
