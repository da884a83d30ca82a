import type { MoveThere } from '../premises.ts';

/** Moves tenants to the other kind of place: there is one kind. */
export const moveThere: MoveThere | undefined = undefined;

/** Changes the tables that tenants share: there are none. */
export async function changeShared(_controlPlane: string, _sql: readonly string[]): Promise<void> {}
