import type { MoveThere } from '../premises.ts';

/** Moves tenants to the other kind of place: there is one kind. */
export const moveThere: MoveThere | undefined = undefined;
