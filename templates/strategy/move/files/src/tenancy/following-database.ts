import { setTimeout as pause } from 'node:timers/promises';
import type { TenantContext } from './context.ts';
import type { Database, Statement, TenantConnection } from './database.ts';
import { TenancyError } from './errors.ts';
import { createConnection } from './kysely-driver.ts';
import { schemaOf } from './schema.ts';
import { createTenantCompiler } from './tenant-compiler.ts';

type Place = Pick<Database, 'query' | 'read' | 'transaction'>;

export interface Whereabouts {
  /** As whom a statement runs. Throws outside of runAsTenant(). */
  readonly currentTenant: () => TenantContext;
  /** The database of a tenant, as far as is known: what was looked up may be remembered until forget(). */
  readonly whereIs: (tenant: TenantContext) => Promise<Place>;
  readonly forget: (tenant: TenantContext) => void;
}

/** Milliseconds before each look for a tenant that is on its way. */
const looks = [0, 20, 50, 100, 200, 400];

/** Its old place says so; or its old database or login is gone. Either way nothing has run. */
const left = new Set(['TN003', '3D000', '28000', '28P01']);

function hasLeft(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return left.has(String((error as { readonly code?: unknown }).code)) || hasLeft(error.cause);
}

/**
 * Sends the statements of a tenant where it is, also when it has just been moved: the old place refuses them, and they
 * run in the new one. A transaction is not run again, because its work may have done more than write to the database.
 */
export function followTenants({
  currentTenant,
  whereIs,
  forget,
}: Whereabouts): Pick<Database, 'query' | 'read' | 'transaction' | 'writer' | 'reader'> {
  async function follow<T>(run: (place: Place) => Promise<T>): Promise<T> {
    const tenant = currentTenant();
    try {
      return await run(await whereIs(tenant));
    } catch (error) {
      if (!hasLeft(error)) throw error;
      return await lookFor(tenant, run);
    }
  }

  async function lookFor<T>(tenant: TenantContext, run: (place: Place) => Promise<T>): Promise<T> {
    let last: unknown;
    for (const look of looks) {
      await pause(look);
      forget(tenant);
      try {
        return await run(await whereIs(tenant));
      } catch (error) {
        if (!hasLeft(error)) throw error;
        last = error;
      }
    }
    throw explain(last);
  }

  const query = <Row>(statement: Statement) => follow((place) => place.query<Row>(statement));
  const read = <Row>(statement: Statement) => follow((place) => place.read<Row>(statement));
  const transaction = async <T>(work: (connection: TenantConnection) => Promise<T>): Promise<T> => {
    const tenant = currentTenant();
    try {
      return await (await whereIs(tenant)).transaction(work);
    } catch (error) {
      if (!hasLeft(error)) throw error;
      forget(tenant);
      throw explain(error);
    }
  };
  const compiler = createTenantCompiler(schemaOf);
  return {
    query,
    read,
    transaction,
    writer: createConnection(query, compiler),
    reader: createConnection(read, compiler),
  };
}

/** A database that is gone, or lets nobody in, may be so without a move: then that is what happened. */
const explain = (error: unknown): unknown =>
  (error as { readonly code?: unknown }).code === 'TN003'
    ? new TenancyError('moved', 'The tenant is being moved to another place. Next: the same again.', { cause: error })
    : error;
