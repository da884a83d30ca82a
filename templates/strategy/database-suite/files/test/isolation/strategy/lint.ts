import { placePattern } from '../../../src/tenancy/schema.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { literal } from '../sql.ts';
import type { Threat } from '../threats.ts';
import type { Scene } from './scene.ts';

interface DatabaseRule {
  readonly threat: Threat;
  readonly attack: string;
  /** Each row of its answer is a finding: object, leaked, fix. */
  readonly sql: string;
}

/** Databases and logins that the control plane knows. A login is let in where another control plane on the server says so too. */
const known = `
  place as (
    select tenant_id, database, login, pg_database.oid as database_oid, pg_roles.oid as login_oid
    from platform.places
    left join pg_database on datname = database
    left join pg_roles on rolname = login
    where state in ('ready', 'taken') and host is null
  )`;

/** The application's own roles and databases are called like it, and so may a tenant be. */
const ours = literal(Object.values(roles).join());

/** What comes with a server has smaller numbers: pg_monitor tells nothing of a tenant "monitor". */
const firstMade = 16384;

/** What no login of a tenant may be, as a condition, and what mends it. */
const powers = [
  ['is not there', 'login_oid is null', 'login'],
  ['is superuser', 'rolsuper', 'nosuperuser'],
  ['bypasses row-level security', 'rolbypassrls', 'nobypassrls'],
  ['may create roles', 'rolcreaterole', 'nocreaterole'],
  ['may create databases', 'rolcreatedb', 'nocreatedb'],
  ['may replicate: the log holds every database', 'rolreplication', 'noreplication'],
] as const;

/** A name that tells of a tenant, by what it is called and by its id. */
const tellsOf = (called: string): string =>
  `length(slug) > 3 and ${called} !~ '${placePattern}' and (strpos(${called}, slug) > 0 or strpos(${called}, replace(slug, '-', '_')) > 0)
        or strpos(${called}, replace(id::text, '-', '')) > 0`;

/** The databases that somebody may try to enter, and who may. */
const doorsOf = ({ controlPlane, template }: Doors): string => `
  door as (
    select database_oid as oid, database as name, array[login, ${literal(roles.platform)}] as allowed from place
    union all
    select oid, datname, array[${literal(roles.platform)}] from pg_database where datname = ${literal(template)}
    union all
    select oid, datname, array[${[roles.runtime, roles.platform].map(literal).join(', ')}] from pg_database where datname = ${literal(controlPlane)}
  )`;

type Doors = Pick<Scene, 'controlPlane' | 'template'>;

/** What the catalog of the server says about the tenants' databases and logins. */
export function databaseRules(given: Doors): readonly DatabaseRule[] {
  const { controlPlane, template } = given;
  const doors = doorsOf(given);
  return [
    {
      threat: 'K1',
      attack: 'look for who may connect to databases of tenants',
      sql: `
      with ${known}, ${doors}
      select name as object, format('%I may connect', rolname) as leaked, format('revoke connect on database %I from %I, public;', name, rolname) as fix
      from door join pg_roles on has_database_privilege(pg_roles.oid, door.oid, 'connect')
      where rolcanlogin and not rolsuper and rolname <> all (allowed)
        and pg_roles.oid <> (select datdba from pg_database where oid = door.oid)
        and (rolname = any (array(select login from place)) or rolname = any (array[${Object.values(roles).map(literal).join(', ')}]))`,
    },
    {
      threat: 'K1',
      attack: 'look for what everybody may do with databases of tenants',
      sql: `
      with ${known}, ${doors}
      select name as object, format('everybody has %s', lower(privilege_type)) as leaked, format('revoke %s on database %I from public;', lower(privilege_type), name) as fix
      from door join pg_database using (oid), lateral aclexplode(coalesce(datacl, acldefault('d', datdba))) as privilege
      where privilege.grantee = 0`,
    },
    ...powers.map(([leaked, has, mend]): DatabaseRule => ({
      threat: 'K5',
      attack: `look for a login of a tenant that ${leaked}`,
      sql: `
      with ${known}
      select login as object, ${literal(leaked)} as leaked, format('alter role %I ${mend};', login) as fix
      from place left join pg_roles on pg_roles.oid = login_oid
      where ${has}`,
    })),
    {
      threat: 'K5',
      attack: 'look for logins that tenants share',
      sql: `
      with ${known}
      select login as object, format('%s tenants log in with it', count(*)) as leaked,
        'Give each tenant a login of its own: npm run tenant -- drift names them.' as fix
      from place group by login having count(*) > 1`,
    },
    {
      threat: 'K5',
      attack: 'look for databases that tenants share',
      sql: `
      with ${known}
      select database as object, format('%s tenants are in it', count(*)) as leaked, 'Give each tenant a database of its own.' as fix
      from place group by database having count(*) > 1`,
    },
    {
      threat: 'K5',
      attack: 'look for what logins of tenants can become',
      sql: `
      with ${known}
      select grantee.rolname as object, format('is a member of %I', granted.rolname) as leaked, format('revoke %I from %I;', granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where grantee.rolname in (select login from place) and granted.rolname <> ${literal(roles.tenants)}`,
    },
    {
      threat: 'K5',
      attack: 'look for who can become a login of a tenant',
      sql: `
      with ${known}
      select granted.rolname as object, format('%I is a member of it', grantee.rolname) as leaked, format('revoke %I from %I;', granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where (granted.rolname in (select login from place) or granted.rolname = ${literal(roles.tenants)} and grantee.rolname !~ '${placePattern}') and not grantee.rolsuper
        -- Since 16 whoever creates a role may administer it, and is no member otherwise.
        and not (to_jsonb(m) ->> 'inherit_option' = 'false' and to_jsonb(m) ->> 'set_option' = 'false')`,
    },
    {
      threat: 'K5',
      attack: 'look for who owns databases',
      sql: `
      with ${known}
      select owner.rolname as object, format('owns the database %I', datname) as leaked, format('alter database %I owner to current_user;', datname) as fix
      from pg_database join pg_roles as owner on owner.oid = datdba
      where owner.oid in (select login_oid from place)
        or pg_database.oid in (select database_oid from place)
          and (owner.rolname = any (array[${[roles.runtime, roles.resolver, roles.platform, roles.tenants].map(literal).join(', ')}])
            -- Another administrator may have made it, who may make databases or be anybody.
            or not owner.rolsuper and not owner.rolcreatedb
              and owner.oid not in (select datdba from pg_database where datname in (${literal(controlPlane)}, ${literal(template)})))`,
    },
    {
      threat: 'K2',
      attack: 'look for names of databases that tell who the tenants are',
      sql: `
      select datname as object, format('the name tells everybody of the tenant %s', slug) as leaked, format('alter database %I rename to ...;', datname) as fix
      from pg_database join platform.tenants on ${tellsOf('datname')}
      where pg_database.oid >= ${firstMade} and datname not in (${literal(controlPlane)}, ${literal(template)})`,
    },
    {
      threat: 'K2',
      attack: 'look for names of roles that tell who the tenants are',
      sql: `
      select rolname as object, format('the name tells everybody of the tenant %s', slug) as leaked, format('alter role %I rename to ...;', rolname) as fix
      from pg_roles join platform.tenants on ${tellsOf('rolname')}
      where pg_roles.oid >= ${firstMade} and rolname <> all (string_to_array(${ours}, ','))`,
    },
  ];
}
