import type pg from 'pg';

/**
 * Lets no row of anybody else into a tenant's tables, whoever writes it. In a transaction, as the migrator; tables that
 * have it already are left alone. What a schema holds is found by what depends on it, for which there is an index:
 * where there are many schemas the catalog is large.
 */
export async function bindToTenant(admin: pg.ClientBase, schema: string, tenantId: string): Promise<void> {
  await admin.query(`
    do $$
    declare
      unbound regclass;
    begin
      for unbound in
        select pg_class.oid
        from pg_catalog.pg_depend
        join pg_catalog.pg_class on pg_class.oid = objid
        where refclassid = 'pg_catalog.pg_namespace'::regclass
          and refobjid = '${schema}'::regnamespace
          and classid = 'pg_catalog.pg_class'::regclass
          and relkind in ('r', 'p')
          and not relispartition
          and exists (select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
          and not exists (select from pg_catalog.pg_constraint where conrelid = pg_class.oid and conname = 'tenant_here')
      loop
        execute format('alter table %s add constraint tenant_here check (tenant_id = %L)', unbound, '${tenantId}'::uuid);
      end loop;
    end $$`);
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
          and pg_get_constraintdef(pg_constraint.oid) = format('CHECK ((tenant_id = %L::uuid))', $2::text)
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
