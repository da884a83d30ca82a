import type pg from 'pg';

/**
 * Lets no row of anybody else into a tenant's tables, whoever writes it. In a transaction, as the migrator; tables that
 * have it already are left alone.
 */
export async function bindToTenant(admin: pg.ClientBase, schema: string, tenantId: string): Promise<void> {
  const { rows } = await admin.query<{ text: string }>(
    `select format('alter table %I.%I add constraint tenant_here check (tenant_id = %L)', nspname, relname, $2::uuid) as text
    from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1
      and relkind in ('r', 'p')
      and not relispartition
      and exists (select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
      and not exists (select from pg_catalog.pg_constraint where conrelid = pg_class.oid and conname = 'tenant_here')`,
    [schema, tenantId],
  );
  if (rows.length > 0) await admin.query(rows.map(({ text }) => text).join(';'));
}

/** A line for each table of a tenant that lets other rows in. */
export async function unboundTables(admin: pg.ClientBase, schema: string, tenantId: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `select format('constraint %s.tenant_here', relname) as line
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1 and relkind in ('r', 'p') and not relispartition
      and exists (select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
      and not exists (
        select from pg_catalog.pg_constraint
        where conrelid = pg_class.oid and conname = 'tenant_here' and convalidated
          and pg_get_constraintdef(pg_constraint.oid) ilike format('%%tenant_id = %L::uuid%%', $2::text)
      )
    order by 1`,
    [schema, tenantId],
  );
  return rows.map(({ line }) => line);
}

/** The lines that the others lack. */
export function without(lines: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}
