import { SuiteError } from '../finding.ts';
import type { World } from '../world.ts';

/** The attacker, the victim and the bystander who have databases of their own: they were moved there. */
export function residentsOf({ moved }: World): World {
  if (moved === undefined) throw new SuiteError('Nobody has a database.');
  return moved;
}
