import type pg from 'pg';
import type { TenantContext } from './context.ts';

/** What rides in front of a tenant's statement: settings that last as long as its transaction. */
export interface ContextStatement {
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** Where tenants' rows are, and what it takes to reach one tenant's. */
export interface TenantStore {
  /** As platform.placements calls it. */
  readonly strategy: string;
  /** Schema of the tenant tables. */
  readonly schema: string;
  /** The settings that make a statement run as the tenant. `now` is the database's clock in milliseconds. */
  readonly enter: (tenant: TenantContext, now: number) => ContextStatement;
  /** Settings of a statement that runs before a tenant is known: whatever a connection still carries is gone. */
  readonly outside: ContextStatement;
}

/** What a strategy does for the control plane, as the platform role and in the caller's transaction. */
export interface TenantPlacement {
  readonly strategy: string;
  /** Makes room for a tenant's rows. */
  readonly provision: (client: pg.ClientBase, tenantId: string) => Promise<void>;
  /** Erases every row of a tenant that is past its grace period; returns how many by table. */
  readonly destroy: (client: pg.ClientBase, tenantId: string) => Promise<Readonly<Record<string, number>>>;
}
