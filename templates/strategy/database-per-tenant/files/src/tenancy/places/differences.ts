import type pg from 'pg';
import { roles } from '../roles.ts';
import { templateSchema } from '../schema.ts';
import { shapeOf } from '../../platform/fingerprint.ts';
import { unboundTables, without } from './bind.ts';
import type { Site } from './place.ts';

/** Lines of what was compared that only one side has. */
export interface Differences {
  /** The template has them, or the migrations make them. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** Of a database that is not there. */
export const absent: Differences = { missing: ['the database itself'], unexpected: [] };

export const isNone = ({ missing, unexpected }: Differences): boolean => missing.length + unexpected.length === 0;

/** What a tenant's database is compared with. */
export interface Standard {
  /** As shapeOfDatabase() tells it of the template. */
  readonly shape: readonly string[];
  /** Tells lines that a database has for a while only. */
  readonly isPassing: (tenantId: string, line: string) => boolean;
}

const schemas = [templateSchema, 'platform'] as const;

/** What a tenant's database is made of, or the template. Roles have their own names: both are of one server. */
export async function shapeOfDatabase(there: pg.ClientBase): Promise<string[]> {
  const lines: string[] = [];
  for (const schema of schemas) lines.push(...(await shapeOf(there, schema)));
  return lines;
}

/** How a tenant's database differs from the template, and its login and doors from what makes them; connected to it. Reads only. */
export async function differencesOf(
  there: pg.ClientBase,
  place: Site,
  { shape, isPassing }: Standard,
): Promise<Differences> {
  const found = (await shapeOfDatabase(there)).filter((line) => !isPassing(place.tenantId, line));
  return {
    missing: [...without(shape, found), ...(await unboundIn(there, place.tenantId)), ...(await unserved(there, place))],
    unexpected: [...without(found, shape), ...(await others(there, place))],
  };
}

async function unboundIn(there: pg.ClientBase, tenantId: string): Promise<string[]> {
  const { rowCount } = await there.query(
    `select from pg_catalog.pg_constraint
    where conrelid = 'platform.tenants'::regclass and conname = 'tenant_here'
      and pg_get_constraintdef(oid) = format('CHECK ((id = %L::uuid))', $1::text)`,
    [tenantId],
  );
  return [
    ...(await unboundTables(there, templateSchema, tenantId)),
    ...(rowCount === 0 ? ['constraint platform.tenants.tenant_here'] : []),
  ];
}

/** What a tenant's login lacks. */
async function unserved(there: pg.ClientBase, { database, login }: Site): Promise<string[]> {
  const { rows } = await there.query<{ line: string }>(
    `select format('login %s', $1::text) as line
    where not exists (select from pg_catalog.pg_roles where rolname = $1 and rolcanlogin and rolinherit)
    union all
    select format('member %s of %s', $1::text, $2::text)
    where not exists (
      select from pg_catalog.pg_auth_members
      where roleid = (select oid from pg_catalog.pg_roles where rolname = $2)
        and member = (select oid from pg_catalog.pg_roles where rolname = $1)
    )
    union all
    select format('grant connect on %s to %s', $3::text, $1::text)
    where not exists (
      select from pg_catalog.pg_database, lateral aclexplode(datacl) as privilege
      join pg_catalog.pg_roles on pg_roles.oid = grantee
      where datname = $3 and rolname = $1 and privilege_type = 'CONNECT'
    )`,
    [login, roles.tenants, database],
  );
  return rows.map(({ line }) => line);
}

/** Who else gets in, and what else the login is. */
async function others(there: pg.ClientBase, { database, login }: Site): Promise<string[]> {
  const { rows } = await there.query<{ line: string }>(
    `select format('grant %s on %s to %s', lower(privilege_type), datname, case grantee when 0 then 'public' else grantee::regrole::text end) as line
    from pg_catalog.pg_database, lateral aclexplode(coalesce(datacl, acldefault('d', datdba)))
    where datname = $2 and grantee <> datdba
      and not (privilege_type = 'CONNECT' and grantee <> 0 and grantee::regrole::text in ($1, $3))
    union all
    select format('member %s of %s', $1::text, role.rolname)
    from pg_catalog.pg_auth_members
    join pg_catalog.pg_roles as role on role.oid = roleid
    join pg_catalog.pg_roles as member on member.oid = pg_auth_members.member
    where member.rolname = $1 and role.rolname <> $4
    union all
    select format('%s of login %s', power, rolname)
    from pg_catalog.pg_roles, lateral (values
      (rolsuper, 'superuser'), (rolbypassrls, 'bypassrls'), (rolcreaterole, 'createrole'), (rolcreatedb, 'createdb'), (rolreplication, 'replication')
    ) as powers (has, power)
    where rolname = $1 and has`,
    [login, database, roles.platform, roles.tenants],
  );
  return rows.map(({ line }) => line);
}
