import type pg from 'pg';
import { listed } from '../../platform/apply-missing.ts';
import { counted } from '../../counted.ts';
import type { Migration } from '../../platform/migration-files.ts';
import { asMigrator } from './ledger.ts';

/**
 * What to tell of places that have files which this checkout does not have, by the ledger; undefined when there are
 * none. `thing` is what a place is called; of one tenant, when `slug` names it.
 */
export async function describeNewerPlaces(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  { thing, slug }: { readonly thing: string; readonly slug?: string | undefined },
): Promise<string | undefined> {
  const { rows } = await asMigrator(client, () =>
    client.query<{ readonly tenantId: string; readonly slug: string | null; readonly files: string[] }>(
      `select place.tenant_id as "tenantId", slug, array_agg(entry.name order by entry.name) as files
      from platform.place_migrations as entry
      join platform.places as place on place.tenant_id = entry.tenant_id
      left join platform.tenants as tenant on tenant.id = place.tenant_id
      where entry.status = 'applied'
        and entry.name <> all ($1)
        and state in ('ready', 'taken')
        and ($2::text is null or slug = $2)
      group by place.tenant_id, slug
      order by slug nulls last, place.tenant_id`,
      [migrations.map(({ name }) => name), slug ?? null],
    ),
  );
  if (rows.length === 0) return undefined;
  const files = [...new Set(rows.flatMap((row) => row.files))].sort();
  const tenants = rows.map((row) => row.slug ?? 'no tenant yet');
  return `Newer than this checkout: ${counted(rows.length, thing)} (${listed(tenants)}), which ${rows.length === 1 ? 'has' : 'have'} ${listed(files)}.`;
}
