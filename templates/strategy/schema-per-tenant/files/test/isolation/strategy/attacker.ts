import { schemaOf } from '../../../src/tenancy/schema.ts';
import type { Settings } from '../contexts.ts';
import { goingThere } from '../homes.ts';
import type { Target } from '../target.ts';

/** What the application sets for a statement of the attacker. */
export const asAttacker = ({ world, contexts }: Target): Settings => [
  ...contexts.own(world.attacker.id),
  ...goingThere([schemaOf(world.attacker.id)]),
];

/** A statement of the attacker, and who runs it. */
export const shown = (target: Target, text: string): string =>
  `-- as ${target.runtimeRole}, having become ${schemaOf(target.world.attacker.id)}, in the context of the attacker\n${text};`;
