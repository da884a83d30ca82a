import type pg from 'pg';
import { roles } from '../tenancy/roles.ts';

/** The table at the referencing end of a foreign key before the one that it refers to. */
interface TenantTable {
  readonly name: string;
  readonly refersTo: readonly string[];
  readonly erasable: boolean;
}

/** Erases every row of a deleted tenant, as the platform role; returns how many by table. */
export async function eraseRows(client: pg.ClientBase, tenantId: string): Promise<Record<string, number>> {
  const tables = await tenantTables(client);
  const closed = tables.filter(({ erasable }) => !erasable).map(({ name }) => name);
  if (closed.length > 0) {
    throw new Error(
      `The role ${roles.platform} may not erase from ${closed.join(', ')}: rows would be left behind. ` +
        'Next: add the policies platform_purge and platform_purge_read and their grants, as in db/migrations/tenant/0001_members.sql.',
    );
  }
  const erased: Record<string, number> = {};
  for (const { name } of inReferenceOrder(tables)) {
    const { rowCount } = await client.query(`delete from ${name} where tenant_id = $1`, [tenantId]);
    erased[name] = rowCount ?? 0;
  }
  return erased;
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
      has_table_privilege(relation.oid, 'delete')
        and has_column_privilege(relation.oid, 'tenant_id', 'select')
        and (
          select count(distinct polcmd) = 2
          from pg_catalog.pg_policy
          where polrelid = relation.oid
            and polname in ('platform_purge', 'platform_purge_read')
            and (select oid from pg_catalog.pg_roles where rolname = $1) = any (polroles)
        ) as erasable
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
    [roles.platform],
  );
  return rows;
}

function inReferenceOrder(tables: readonly TenantTable[]): TenantTable[] {
  const ordered: TenantTable[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const next = waiting.find(
      ({ name }) => !waiting.some((other) => other.name !== name && other.refersTo.includes(name)),
    );
    // Tables that refer to each other in a circle: any order, their constraints decide.
    const table = next ?? (waiting[0] as TenantTable);
    ordered.push(table);
    waiting = waiting.filter((other) => other !== table);
  }
  return ordered;
}
