import pg from 'pg';
import { roles } from '../roles.ts';
import { placePattern, templateSchema } from '../schema.ts';
import { shapeOf } from '../../platform/fingerprint.ts';
import { unboundTables, without } from './bind.ts';
import { atSameLogin, readTemplate } from './connect.ts';
import { asMigrator } from './ledger.ts';
import { ownerMark } from './make.ts';
import { findPassing } from './passing.ts';
import type { Site } from './place.ts';

/** Where a tenant's database is not as the migrations make it. */
export interface Drift {
  readonly database: string;
  /** Null for a database that is ready for somebody, and for one that nobody knows of. */
  readonly slug: string | null;
  /** Lines that the template has and the database has not. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

interface Known extends Site {
  readonly slug: string | null;
  readonly exists: boolean;
}

const schemas = [templateSchema, 'platform'] as const;

/** Compares every database with the template, as the administrator of all of them; and finds those that no tenant has. */
export async function findDrift(admin: pg.Client): Promise<Drift[]> {
  const [template, { rows }] = await asMigrator(admin, async () => [
    await readTemplate(admin),
    await admin.query<Known>(
      `select place.tenant_id as "tenantId", place.database, login, host, port, generation, slug,
        exists (select from pg_catalog.pg_database where datname = place.database) as exists
      from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
      where state in ('ready', 'taken')
      order by place.database`,
    ),
  ]);
  if (template === undefined) return [];
  const wanted = await atSameLogin(admin, { database: template.database, host: null, port: null }, shape);
  const isPassing = await findPassing(admin);
  const drift: Drift[] = [];
  for (const { exists, ...place } of rows) {
    const { database, slug } = place;
    if (!exists) {
      drift.push({ database, slug, missing: ['the database itself'], unexpected: [] });
      continue;
    }
    const [found, unbound] = await atSameLogin(admin, place, async (there) => [
      (await shape(there)).filter((line) => !isPassing(place.tenantId, line)),
      await unboundIn(there, place.tenantId),
    ]);
    const missing = [...without(wanted, found), ...unbound, ...(await unserved(admin, place))];
    const unexpected = [...without(found, wanted), ...(await others(admin, place))];
    if (missing.length > 0 || unexpected.length > 0) drift.push({ database, slug, missing, unexpected });
  }
  return [...drift, ...(await unknown(admin))];
}

async function shape(there: pg.Client): Promise<string[]> {
  const lines: string[] = [];
  for (const schema of schemas) lines.push(...(await shapeOf(there, schema, roles.tenants)));
  return lines;
}

async function unboundIn(there: pg.Client, tenantId: string): Promise<string[]> {
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
async function unserved(admin: pg.Client, { database, login }: Site): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
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
async function others(admin: pg.Client, { database, login }: Site): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
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

/** Databases that were made for this control plane and that it does not know: after it was restored from a backup, say. */
async function unknown(admin: pg.Client): Promise<Drift[]> {
  const { rows } = await admin.query<{ database: string }>(
    `select datname as database from pg_catalog.pg_database
    where datname ~ $1 and shobj_description(oid, 'pg_database') = $2
    order by 1`,
    [placePattern, ownerMark(admin)],
  );
  const known = await asMigrator(admin, () =>
    admin.query<{ database: string }>('select database from platform.places'),
  );
  const names = new Set(known.rows.map(({ database }) => database));
  return rows
    .filter(({ database }) => !names.has(database))
    .map(({ database }) => ({
      database,
      slug: null,
      missing: [],
      unexpected: [`the database itself: no tenant has it. Next: look into it; drop database ${database};`],
    }));
}
