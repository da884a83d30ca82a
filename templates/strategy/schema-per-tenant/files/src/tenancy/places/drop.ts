import pg from 'pg';
import { roles } from '../roles.ts';
import { schemaOf } from '../schema.ts';
import type { Environment } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { assertDroppable } from './droppable.ts';

/** Tables that one transaction drops: each takes several locks, and the lock table is shared by the whole server. */
const batch = 20;

/**
 * Drops a tenant's schema and role, in steps that each leave something to continue from. Returns how many rows there
 * were, by table.
 */
export async function dropPlace(environment: Environment, tenantId: string): Promise<Record<string, number>> {
  return await asAdministrator(environment, async (admin) => {
    const place = schemaOf(tenantId);
    await assertDroppable(admin, place);
    await asOwner(admin, `update platform.places set state = 'leaving' where tenant_id = '${tenantId}'`);
    const erased: Record<string, number> = {};
    for (;;) {
      const tables = await nextTables(admin, place);
      if (tables.length === 0) break;
      await admin.query(`begin; set local lock_timeout = '30s'; set local role ${roles.migrator}`);
      for (const name of tables) {
        const { rows } = await admin.query<{ count: number }>(
          `select count(*)::integer as count from ${place}.${name}`,
        );
        erased[`${place}.${name}`] = rows[0]?.count ?? 0;
      }
      await admin.query(`drop table ${tables.map((name) => `${place}.${name}`).join(', ')} cascade; commit`);
    }
    await asOwner(
      admin,
      `drop schema if exists ${place} cascade; delete from platform.places where tenant_id = '${tenantId}'`,
    );
    await dropRole(admin, place);
    return erased;
  });
}

async function asOwner(admin: pg.Client, text: string): Promise<void> {
  await admin.query(`begin; set local lock_timeout = '30s'; set local role ${roles.migrator}; ${text}; commit`);
}

async function nextTables(admin: pg.Client, place: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `select quote_ident(relname) as name
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1 and relkind in ('r', 'p') and not relispartition
    order by relname
    limit ${batch}`,
    [place],
  );
  return rows.map(({ name }) => name);
}

/** A copy of this database on the same server may still use the role; it holds nothing here any more. */
async function dropRole(admin: pg.Client, place: string): Promise<void> {
  try {
    await admin.query(`drop role if exists ${place}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '2BP01') throw error;
  }
}
