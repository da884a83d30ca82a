import type pg from 'pg';
import { runAsTenant, tenantId } from './context.ts';
import type { Database, Statement } from './database.ts';

/** What is looked up before its tenant is known. */
export type Kind = 'api key' | 'domain';

/**
 * Asks the tenants that a key may be of, each where it is. What one says of another is
 * not heard.
 */
export async function findByKey<Row extends { readonly slug: string }>(
  database: Database,
  kind: Kind,
  key: string,
  statement: Statement,
): Promise<Row[]> {
  const { rows: tenants } = await database.lookup<{ tenant_id: string; slug: string }>({
    text: 'select tenant_id, slug from platform.find_in_directory($1, $2)',
    values: [kind, key],
  });
  const found = await Promise.all(
    tenants.map(async ({ tenant_id: id, slug }) => {
      const { rows } = await runAsTenant({ id: tenantId(id), slug }, () => database.read<Row>(statement));
      return rows.filter((row) => row.slug === slug);
    }),
  );
  return found.flat();
}

/** Lets a key of the current tenant be found. Before the row is written: an entry proves nothing, so it may be idle. */
export async function noteKey(database: Database, kind: Kind, key: string): Promise<void> {
  await database.controlPlane?.query({
    text: 'select from platform.note_in_directory($1, $2)',
    values: [kind, key],
  });
}

/** The other way round, when the row is gone. */
export async function forgetKey(database: Database, kind: Kind, key: string): Promise<void> {
  await database.controlPlane?.query({
    text: 'select from platform.forget_in_directory($1, $2)',
    values: [kind, key],
  });
}

/** noteKey() for a tenant that is being made, as the platform role. */
export async function noteKeyOf(controlPlane: pg.ClientBase, id: string, kind: Kind, key: string): Promise<void> {
  await controlPlane.query('insert into platform.directory (kind, key, tenant_id) values ($1, $2, $3)', [
    kind,
    key,
    id,
  ]);
}
