import type pg from 'pg';
import { roles } from '../roles.ts';
import { schemaOf, schemaPattern, templateSchema } from '../schema.ts';
import { shapeOf } from '../../platform/fingerprint.ts';

/** Where a tenant's schema is not as the migrations make it. */
export interface Drift {
  readonly schema: string;
  /** Null for a schema that is ready for somebody, and for one that nobody knows of. */
  readonly slug: string | null;
  /** Lines that the template has and the schema has not. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** Compares every schema with the template; as somebody who may read the catalog and platform.places. */
export async function findDrift(admin: pg.ClientBase): Promise<Drift[]> {
  const { rows } = await admin.query<{ schema: string | null; place: string | null; slug: string | null }>(
    `select nspname as schema, place.tenant_id as place, slug
    from (select nspname::text from pg_catalog.pg_namespace where nspname ~ $1) as found
    full join platform.places as place on 't_' || replace(place.tenant_id::text, '-', '') = nspname
    left join platform.tenants as tenant on tenant.id = place.tenant_id
    order by 1, 2`,
    [schemaPattern],
  );
  const template = await shapeOf(admin, templateSchema, roles.runtime);
  const drift: Drift[] = [];
  for (const { schema, place, slug } of rows) {
    if (schema === null) {
      drift.push({ schema: schemaOf(place ?? ''), slug, missing: ['the schema itself'], unexpected: [] });
      continue;
    }
    const shape = await shapeOf(admin, schema, schema);
    const missing = [...without(template, shape), ...(await unbound(admin, schema))];
    const unexpected = [
      ...without(shape, template),
      ...(place === null ? ['the schema itself: no tenant has it'] : []),
    ];
    if (missing.length > 0 || unexpected.length > 0) drift.push({ schema, slug, missing, unexpected });
  }
  return drift;
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}

/** The constraint by which a tenant's tables hold nobody else's rows, and the role's memberships. */
async function unbound(admin: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `select format('constraint %s.tenant_here', relname) as line
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1 and relkind in ('r', 'p') and not relispartition
      and exists (select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
      and not exists (
        select from pg_catalog.pg_constraint
        where conrelid = pg_class.oid and conname = 'tenant_here' and convalidated
          and pg_get_constraintdef(pg_constraint.oid) ilike format('%%tenant_id = %L::uuid%%', regexp_replace(substr($1, 3), '(.{8})(.{4})(.{4})(.{4})(.{12})', '\\1-\\2-\\3-\\4-\\5')))
    union all
    select format('role %s', $1) where not exists (select from pg_catalog.pg_roles where rolname = $1)
    union all
    select format('member %s of %s', member, role)
    from (values ($2, $1), ($1, $3)) as wanted (member, role)
    where not exists (
      select from pg_catalog.pg_auth_members
      join pg_catalog.pg_roles as granted on granted.oid = roleid
      join pg_catalog.pg_roles as grantee on grantee.oid = pg_auth_members.member
      where granted.rolname = wanted.role and grantee.rolname = wanted.member
    )`,
    [schema, roles.runtime, roles.tenants],
  );
  return rows.map(({ line }) => line);
}
