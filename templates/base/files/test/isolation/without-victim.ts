import { isSuperuser } from './privileged.ts';
import { inReferenceOrder } from './reference-order.ts';
import { literal } from './sql.ts';
import type { Target } from './target.ts';
import type { Tenant } from './world.ts';

/** Takes a tenant's rows away, and brings them back. */
interface Emptying {
  readonly empty: (tenant: Tenant) => Promise<void>;
  readonly refill: () => Promise<void>;
}

/** Works in the administrator's transaction, in which a tenant may be left without rows; on a database that the suite made it opens that transaction. */
export async function aroundEmptying<T>(target: Target, work: (emptying: Emptying) => Promise<T>): Promise<T> {
  const { admin, own } = target;
  await admin.query(own ? 'begin' : 'savepoint comparing');
  await admin.query('savepoint filled');
  try {
    return await work({
      empty: async (tenant) => await emptyTables(target, tenant),
      refill: async () => void (await admin.query('rollback to savepoint filled')),
    });
  } finally {
    await admin.query(own ? 'rollback' : 'rollback to savepoint comparing');
  }
}

async function emptyTables({ admin, tables, catalog, own }: Target, { id }: Tenant): Promise<void> {
  // A superuser's deletion starts no triggers and follows no references; any other goes in the order in which those allow it.
  const quietly = await isSuperuser(admin);
  const attempt = async (statement: string): Promise<void> => {
    await admin.query('savepoint emptying');
    await admin.query(statement).catch(() => admin.query('rollback to savepoint emptying'));
  };
  if (quietly) await admin.query('set local session_replication_role = replica');
  for (const { name } of [...inReferenceOrder(tables)].reverse())
    await attempt(`delete from ${name} where tenant_id = ${literal(id)}`);
  if (quietly) await admin.query('set local session_replication_role = origin');
  if (!own) return;
  // They are as old as the rows that they were made of.
  for (const { name, kind } of catalog.relations)
    if (kind === 'materialized view') await attempt(`refresh materialized view ${name}`);
}
