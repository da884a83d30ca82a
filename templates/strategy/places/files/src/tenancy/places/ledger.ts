import type pg from 'pg';
import { inTransaction } from '../../platform/in-transaction.ts';
import { roles } from '../roles.ts';
import type { Migration } from '../../platform/migration-files.ts';

/** Works in a transaction of the migrator's, on a connection of the administrator's. */
export async function asMigrator<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  const begin = `begin; set local lock_timeout = '30s'; set local role ${roles.migrator}`;
  return await inTransaction(client, begin, work);
}

/** False before the first run of the migrations. */
export async function hasPlaces(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select pg_catalog.to_regclass('platform.places') is not null as exists`,
  );
  return rows[0]?.exists === true;
}

/** Writes what a migration did in a place; as the migrator, in the control plane. */
export const note =
  (tenantId: string, status: 'applied' | 'failed', error: string | null) =>
  async (client: pg.ClientBase, { name, checksum }: Pick<Migration, 'name' | 'checksum'>): Promise<void> => {
    await client.query(
      `insert into platform.place_migrations (tenant_id, name, checksum, status, error) values ($1, $2, $3, $4, $5)
      on conflict (tenant_id, name) do update
      set checksum = excluded.checksum, status = excluded.status, error = excluded.error, at = now()`,
      [tenantId, name, checksum, status, error],
    );
  };

/**
 * When what the ledger was last told of a place was a failure, in SQL about a row `place` of platform.places; null where
 * it was none. Who migrates in this order leaves places that may fail again to the end, and begins with another of them
 * each time.
 */
export const lastFailure = `(
  select case status when 'failed' then at end
  from platform.place_migrations as entry
  where entry.tenant_id = place.tenant_id
  order by at desc
  limit 1
)`;

/** What the ledger cannot be told is told by the error that follows. */
export async function noteFailure(
  client: pg.ClientBase,
  tenantId: string,
  migration: Migration,
  error: Error,
): Promise<void> {
  await asMigrator(client, () => note(tenantId, 'failed', error.message)(client, migration)).catch(() => {});
}

/** Writes that a place has all of these; as noteFailure(). */
export async function noteAll(
  client: pg.ClientBase,
  tenantId: string,
  migrations: readonly Pick<Migration, 'name' | 'checksum'>[],
): Promise<void> {
  await client.query(
    `insert into platform.place_migrations (tenant_id, name, checksum, status)
    select $1, name, checksum, 'applied' from unnest($2::text[], $3::text[]) as file (name, checksum)
    on conflict (tenant_id, name) do update
    set checksum = excluded.checksum, status = excluded.status, error = null, at = now()`,
    [tenantId, migrations.map(({ name }) => name), migrations.map(({ checksum }) => checksum)],
  );
}
