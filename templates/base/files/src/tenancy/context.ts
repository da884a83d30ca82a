import { AsyncLocalStorage } from 'node:async_hooks';
import { TenancyError } from './errors.ts';

declare const brand: unique symbol;

/** A tenant's id that was checked; only tenantId() makes one. */
export type TenantId = string & { readonly [brand]: 'TenantId' };

export interface TenantContext {
  readonly id: TenantId;
  readonly slug: string;
}

interface Scope {
  readonly tenant: TenantContext;
  readonly transaction: { open: boolean } | undefined;
  /** By performance.now(). */
  readonly deadline: number | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const nilUuid = '00000000-0000-0000-0000-000000000000';

/** Checks a tenant's id: a lower-case UUID, not the nil UUID. */
export function tenantId(value: string): TenantId {
  if (typeof value !== 'string' || !uuid.test(value) || value === nilUuid) {
    throw new TenancyError('bad-tenant-id', 'A tenant id is a lower-case UUID other than the nil UUID.');
  }
  return value as TenantId;
}

/**
 * Runs work, and everything asynchronous that it starts, as a tenant. Refuses another tenant while a transaction of
 * this one is open. After the deadline, a time by performance.now(), it writes nothing more.
 */
export function runAsTenant<T>(tenant: TenantContext, work: () => T, deadline?: number): T {
  const outer = scopes.getStore();
  if (outer?.transaction?.open === true && outer.tenant.id !== tenant.id) {
    throw new TenancyError(
      'other-tenant',
      'Another tenant was entered inside a transaction. Next: end the transaction first.',
    );
  }
  const id = tenantId(tenant.id);
  const transaction = outer?.tenant.id === id ? outer.transaction : undefined;
  return scopes.run({ tenant: { id, slug: tenant.slug }, transaction, deadline }, work);
}

/** Milliseconds until the deadline; undefined when there is none. Throws when it has passed. */
export function timeLeft(): number | undefined {
  const deadline = scopes.getStore()?.deadline;
  if (deadline === undefined) return undefined;
  const left = Math.floor(deadline - performance.now());
  if (left < 1) throw outOfTime();
  return left;
}

export const outOfTime = (): TenancyError => new TenancyError('out-of-time', 'There is no time left to write.');

/** The tenant as whom the current code runs. */
export function currentTenant(): TenantContext {
  const scope = scopes.getStore();
  if (scope === undefined) throw new TenancyError('no-tenant', 'No tenant. Next: run this inside runAsTenant().');
  return scope.tenant;
}

/** True inside database.transaction(), until it commits or rolls back. */
export function insideTransaction(): boolean {
  return scopes.getStore()?.transaction?.open === true;
}

/** Runs the work of a transaction; the mark on the scope ends with it, also for what the work left running. */
export async function runInTransaction<T>(work: () => Promise<T>): Promise<T> {
  const transaction = { open: true };
  try {
    const deadline = scopes.getStore()?.deadline;
    return await scopes.run({ tenant: currentTenant(), transaction, deadline }, work);
  } finally {
    transaction.open = false;
  }
}
