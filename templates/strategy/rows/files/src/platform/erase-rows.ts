import type pg from 'pg';
import { roles } from '../tenancy/roles.ts';
import { purgeNeeds, tellNeeds } from './table-needs.ts';

interface TenantTable {
  readonly name: string;
  /** Other tables. */
  readonly refersTo: readonly string[];
  /** What has to be run before its rows can be erased. */
  readonly needs: readonly string[];
}

/** Erases every row of a deleted tenant, as the platform role; returns how many by table. */
export async function eraseRows(client: pg.ClientBase, tenantId: string): Promise<Record<string, number>> {
  const tables = await tenantTables(client);
  const closed = tables.filter(({ needs }) => needs.length > 0);
  if (closed.length > 0) throw new Error(tellNeeds(`${roles.platform} cannot erase all rows of`, closed));
  const erased: Record<string, number> = {};
  for (const together of inReferenceOrder(tables)) {
    const counts = await eraseTogether(client, together, tenantId);
    for (const [at, { name }] of together.entries()) erased[name] = counts[at] ?? 0;
  }
  return erased;
}

/** References are looked at when the statement ends: then neither end is there. */
async function eraseTogether(
  client: pg.ClientBase,
  tables: readonly TenantTable[],
  tenantId: string,
): Promise<number[]> {
  const deletes = tables.map(
    ({ name }, at) => `erased_${at} as (delete from ${name} where tenant_id = $1 returning 1)`,
  );
  const counts = tables.map((_, at) => `(select count(*)::integer from erased_${at})`);
  const { rows } = await client.query<{ counts: number[] }>(
    `with ${deletes.join(', ')} select array[${counts.join(', ')}] as counts`,
    [tenantId],
  );
  return rows[0]?.counts ?? [];
}

/** Every table of the schema app that has a tenant_id; a partition is reached through its parent. */
async function tenantTables(client: pg.ClientBase): Promise<TenantTable[]> {
  const { rows } = await client.query<TenantTable>(
    `select format('%I.%I', nspname, relname) as name,
      array(
        select format('%I.%I', target_schema.nspname, target.relname)
        from pg_catalog.pg_constraint
        join pg_catalog.pg_class as target on target.oid = confrelid
        join pg_catalog.pg_namespace as target_schema on target_schema.oid = target.relnamespace
        where contype = 'f' and conrelid = relation.oid and confrelid <> conrelid
      ) as "refersTo",
      ${purgeNeeds} as needs
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = 'app'
      and relkind in ('r', 'p')
      and not relispartition
      and exists (
        select
        from pg_catalog.pg_attribute
        where attrelid = relation.oid and attname = 'tenant_id' and not attisdropped
      )
    order by 1`,
  );
  return rows;
}

/**
 * The table at the referencing end of a foreign key before the one that it refers to, each by itself; last and together
 * those that refer to each other in a circle, and what they refer to.
 */
function inReferenceOrder(tables: readonly TenantTable[]): TenantTable[][] {
  const ordered: TenantTable[][] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const free = waiting.find(({ name }) => !waiting.some(({ refersTo }) => refersTo.includes(name)));
    const next = free === undefined ? waiting : [free];
    ordered.push(next);
    waiting = waiting.filter((table) => !next.includes(table));
  }
  return ordered;
}
