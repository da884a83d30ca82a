import type pg from 'pg';
import { eraseRows } from '../../platform/erase-rows.ts';
import { inTransaction } from '../../platform/in-transaction.ts';

/**
 * Works on a tenant's tables in its own database, in a transaction of its own. A new tenant is written there too, since
 * the policies ask for it. What somebody left who was cut off before the control plane knew of the tenant goes first.
 */
export async function settleIn<T>(
  controlPlane: pg.ClientBase,
  there: pg.Client,
  tenantId: string,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  return await inTransaction(there, 'begin; select pg_catalog.pg_advisory_xact_lock(1)', async () => {
    // Asked under the lock: who lost the control plane, and with it the place, finds out before anything is erased.
    const { rows } = await controlPlane.query<{ slug: string; name: string; isNew: boolean }>(
      `select slug, name, xmin::text = (pg_current_xact_id_if_assigned()::xid)::text as "isNew"
      from platform.tenants where id = $1`,
      [tenantId],
    );
    const [tenant] = rows;
    if (tenant === undefined) throw new Error('There is no tenant to work for.');
    if (tenant.isNew) await writeTenant(there, { id: tenantId, ...tenant });
    return await work(there);
  });
}

async function writeTenant(
  there: pg.ClientBase,
  { id, slug, name }: { readonly id: string; readonly slug: string; readonly name: string },
): Promise<void> {
  const insert = 'insert into platform.tenants (id, slug, name) values ($1, $2, $3) on conflict (id) do nothing';
  const written = await there.query(insert, [id, slug, name]);
  if (written.rowCount === 1) return;
  await there.query(
    `update platform.tenants set status = 'deleted', purge_after = now() - interval '1 second' where id = $1`,
    [id],
  );
  await eraseRows(there, id);
  await there.query('delete from platform.tenants where id = $1', [id]);
  await there.query(insert, [id, slug, name]);
}
