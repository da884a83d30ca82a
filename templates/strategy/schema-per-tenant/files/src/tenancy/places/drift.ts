import type pg from 'pg';
import { roles } from '../roles.ts';
import { schemaOf, schemaPattern, templateSchema, tenantOf } from '../schema.ts';
import { shapeOf } from '../../platform/fingerprint.ts';
import { unboundTables, without } from './bind.ts';

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
    const missing = [
      ...without(template, shape),
      ...(await unboundTables(admin, schema, tenantOf(schema))),
      ...(await unserved(admin, schema)),
    ];
    const unexpected = [
      ...without(shape, template),
      ...(place === null ? ['the schema itself: no tenant has it'] : []),
    ];
    if (missing.length > 0 || unexpected.length > 0) drift.push({ schema, slug, missing, unexpected });
  }
  return drift;
}

/** What a tenant's role, and its memberships, lack. */
async function unserved(admin: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `select format('role %s', $1::text) where not exists (select from pg_catalog.pg_roles where rolname = $1)
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
