import type { Place } from './place.ts';

/** Makes, finds and gives up the places of one strategy. Every act may be repeated. */
export interface Keeper {
  /** Sees to it that there is a place without rows for a tenant that is elsewhere. */
  readonly prepare: (tenantId: string) => Promise<void>;
  readonly find: (tenantId: string) => Promise<Place | undefined>;
  /** Erases whatever the place has of the tenant. */
  readonly discard: (tenantId: string) => Promise<void>;
}
