import pg from 'pg';
import { roles } from '../roles.ts';
import { placePattern, templateSchema } from '../schema.ts';
import type { Environment } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { atPlace } from './connect.ts';
import { assertDroppable } from './droppable.ts';
import { asMigrator } from './ledger.ts';
import type { Site } from './place.ts';

/**
 * Drops a tenant's database and login, in steps that each leave something to continue from. Returns how many rows there
 * were, by table.
 */
export async function dropPlace(environment: Environment, tenantId: string): Promise<Record<string, number>> {
  return await asAdministrator(environment, async (admin) => {
    const { rows } = await asMigrator(admin, () =>
      admin.query<Site>(
        `update platform.places set state = 'leaving' where tenant_id = $1
        returning tenant_id as "tenantId", database, login, host, port, generation`,
        [tenantId],
      ),
    );
    const [place] = rows;
    if (place === undefined) return {};
    const erased = await countRows(environment, place);
    await dropDatabase(admin, place.database);
    await dropLogin(admin, place.login);
    await asMigrator(admin, () => admin.query('delete from platform.places where tenant_id = $1', [tenantId]));
    return erased;
  });
}

/** Nothing where the database is gone: a run before this one came so far. */
async function countRows(environment: Environment, place: Site): Promise<Record<string, number>> {
  try {
    return await atPlace(environment, place, async (there) => {
      await assertDroppable(there, templateSchema);
      const { rows } = await there.query<{ name: string }>(
        `select format('%I.%I', nspname, relname) as name
        from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
        where nspname = $1 and relkind in ('r', 'p') and not relispartition
        order by 1`,
        [templateSchema],
      );
      const counted: Record<string, number> = {};
      await there.query(`set role ${roles.migrator}`);
      for (const { name } of rows) {
        const { rows: found } = await there.query<{ count: number }>(`select count(*)::integer as count from ${name}`);
        counted[name] = found[0]?.count ?? 0;
      }
      return counted;
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '3D000') return {};
    throw error;
  }
}

/** Ends whoever is still connected. */
export async function dropDatabase(admin: pg.Client, database: string): Promise<void> {
  await endSessions(admin, database);
  const drop = `drop database if exists ${pg.escapeIdentifier(database)}`;
  try {
    await admin.query(`${drop} with (force)`);
  } catch (error) {
    // By force only some may end autovacuum; plainly everybody who may drop the database.
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    await admin.query(drop);
  }
}

/**
 * Ends what tenants' logins have open, which `with (force)` does for a superuser or a member of theirs only: the
 * administrator is one until the transaction ends.
 */
async function endSessions(admin: pg.Client, database: string): Promise<void> {
  const { rows } = await admin.query<{ login: string }>(
    `select distinct usename as login from pg_catalog.pg_stat_activity
    where datname = $1 and usename ~ $2 and not pg_catalog.pg_has_role(usename, 'usage')`,
    [database, placePattern],
  );
  if (rows.length === 0) return;
  const logins = rows.map(({ login }) => login);
  await admin.query('begin');
  try {
    await admin.query(`grant ${logins.join()} to current_user`);
    await admin.query(
      `select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity
      where datname = $1 and usename = any($2)`,
      [database, logins],
    );
    await admin.query('rollback');
  } catch (error) {
    await admin.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

/** A copy of the database on the same server may still let the login in; there it stays. */
export async function dropLogin(admin: pg.Client, login: string): Promise<void> {
  try {
    await admin.query(`drop role if exists ${login}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '2BP01') throw error;
  }
}
