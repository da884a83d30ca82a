import type { World } from '../world.ts';

/** The attacker, the victim and the bystander who have databases of their own: those of the world, since everybody has. */
export const residentsOf = (world: World): World => world;
