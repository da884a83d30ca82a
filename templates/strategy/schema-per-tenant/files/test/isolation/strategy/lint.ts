import { roles } from '../../../src/tenancy/roles.ts';
import { schemaOf, schemaPattern, templateSchema } from '../../../src/tenancy/schema.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';

interface SchemaRule {
  readonly threat: Threat;
  readonly attack: string;
  /** Each row of its answer is a finding: object, leaked, fix. */
  readonly sql: string;
}

const mine = `nspname ~ '${schemaPattern}'`;
const grantees = `grantee as (select oid, rolname from pg_roles union all select 0, 'public')`;
const ours = literal(Object.values(roles).join());

/** What comes with a server has smaller numbers: pg_monitor tells nothing of a tenant "monitor". */
const firstMade = 16384;

/** What no role of a tenant may be, as a condition, and what mends it. */
const powers = [
  ['has no role of its own', 'rolname is null', 'nologin'],
  ['may log in', 'rolcanlogin', 'nologin'],
  ['is superuser', 'rolsuper', 'nosuperuser'],
  ['bypasses row-level security', 'rolbypassrls', 'nobypassrls'],
  ['may create roles', 'rolcreaterole', 'nocreaterole'],
  ['may create databases', 'rolcreatedb', 'nocreatedb'],
  ['may replicate', 'rolreplication', 'noreplication'],
] as const;

/** What may belong to somebody: owner, what it is, and where it is listed. */
const belongings = {
  tables: `select relowner as owner, pg_class.oid::regclass::text as name from pg_class`,
  schemas: `select nspowner as owner, 'the schema ' || nspname as name from pg_namespace`,
  functions: `select proowner as owner, oid::regprocedure::text as name from pg_proc`,
} as const;

/** A name that tells of a tenant. */
const tellsOf = (called: string): string =>
  `length(slug) > 3 and ${called} !~ '${schemaPattern}' and (strpos(${called}, slug) > 0 or strpos(${called}, replace(slug, '-', '_')) > 0)`;

/** What the catalog says about the tenants' schemas and roles. */
export const schemaRules = ({ world }: Pick<Target, 'world'>): readonly SchemaRule[] => [
  ...powers.map(([leaked, has, mend]): SchemaRule => ({
    threat: 'J3',
    attack: `look for a schema whose role ${leaked}`,
    sql: `
      select nspname as object, ${literal(leaked)} as leaked, format('alter role %I ${mend};', nspname) as fix
      from pg_namespace left join pg_roles on rolname = nspname
      where ${mine} and ${has}`,
  })),
  ...Object.entries(belongings).map(([what, owned]): SchemaRule => ({
    threat: 'J3',
    attack: `look for ${what} that roles of tenants own`,
    sql: `
      select pg_get_userbyid(owner) as object, format('owns %s: an owner can switch row-level security off', name) as leaked,
        format('reassign owned by %I to ${roles.owner};', pg_get_userbyid(owner)) as fix
      from (${owned}) as owned
      where pg_get_userbyid(owner)::text ~ '${schemaPattern}'`,
  })),
  {
    threat: 'J3',
    attack: 'look for who may become a tenant',
    sql: `
      select granted.rolname as object, format('%I is a member: it is let into the schema', grantee.rolname) as leaked,
        format('revoke %I from %I;', granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where granted.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = granted.rolname) and grantee.rolname <> ${literal(roles.runtime)} and not grantee.rolsuper
        -- Since 16 whoever creates a role may administer it, and is no member otherwise.
        and not (to_jsonb(m) ->> 'inherit_option' = 'false' and to_jsonb(m) ->> 'set_option' = 'false')`,
  },
  {
    threat: 'J3',
    attack: 'look for what a tenant may become',
    sql: `
      select grantee.rolname as object, format('is a member of %I', granted.rolname) as leaked, format('revoke %I from %I;', granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where grantee.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = grantee.rolname) and granted.rolname <> ${literal(roles.tenants)}`,
  },
  {
    threat: 'J3',
    attack: 'look for tenants whose rights the runtime role has without entering',
    sql: `
      select granted.rolname as object, format('%I inherits its rights, without entering', grantee.rolname) as leaked, format('alter role %I noinherit; revoke %I from %I; grant %I to %I;', grantee.rolname, granted.rolname, grantee.rolname, granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where granted.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = granted.rolname) and grantee.rolname = ${literal(roles.runtime)}
        and coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, grantee.rolinherit)`,
  },
  {
    threat: 'J3',
    attack: 'look for schemas of tenants that others may use',
    sql: `
      with ${grantees}
      select nspname as object, format('%I may use it', rolname) as leaked, format('revoke all on schema %I from %I;', nspname, rolname) as fix
      from pg_namespace, lateral aclexplode(nspacl) as privilege join grantee on grantee.oid = privilege.grantee
      where ${mine} and rolname <> nspname and rolname <> all (string_to_array(${ours}, ',')) or ${mine} and rolname = any (array[${literal(roles.runtime)}, ${literal(roles.tenants)}])`,
  },
  {
    threat: 'J3',
    attack: 'look for tables of tenants that were granted to others',
    sql: `
      with ${grantees}
      select format('%I.%I', nspname, relname) as object, format('%I has %s', rolname, lower(privilege_type)) as leaked, format('revoke all on %I.%I from %I;', nspname, relname, rolname) as fix
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace, lateral aclexplode(relacl) as privilege join grantee on grantee.oid = privilege.grantee
      where ${mine} and rolname <> nspname and (rolname <> all (string_to_array(${ours}, ',')) or rolname = any (array[${literal(roles.runtime)}, ${literal(roles.tenants)}]))`,
  },
  {
    threat: 'J2',
    attack: 'look for tables of the same names that a tenant reaches elsewhere',
    sql: `
      select format('%I.%I', n.nspname, relname) as object, 'a tenant reaches it, and it is in no schema of a tenant' as leaked,
        format('revoke all on %I.%I from public, ${roles.tenants}, ${roles.runtime};', n.nspname, relname) as fix
      from pg_class join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not (n.${mine})
        and (exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id' and not attisdropped)
          or relname in (select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace where ${mine}))
        and exists (
          select from unnest(array[${literal(schemaOf(world.attacker.id))}, ${literal(roles.runtime)}]) as who
          where exists (select from pg_roles where rolname = who)
            and has_schema_privilege(who::name, n.oid, 'USAGE')
            and (has_table_privilege(who::name, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE') or has_any_column_privilege(who::name, pg_class.oid, 'SELECT, INSERT, UPDATE'))
        )`,
  },
  {
    threat: 'J4',
    attack: 'look for defaults that draw on another schema',
    sql: `
      select distinct format('%I.%I', nspname, relname) as object, format('%I draws on %s, which belongs to another schema', attname, refobjid::regclass) as leaked,
        format('alter table %I.%I alter column %I drop default;', nspname, relname, attname) as fix
      from pg_depend d
      join pg_attrdef on pg_attrdef.oid = d.objid and d.classid = 'pg_attrdef'::regclass
      join pg_class on pg_class.oid = adrelid join pg_namespace on pg_namespace.oid = pg_class.relnamespace
      join pg_attribute on attrelid = adrelid and attnum = adnum
      where ${mine} and d.refclassid = 'pg_class'::regclass and (select relnamespace from pg_class where oid = d.refobjid) <> pg_namespace.oid`,
  },
  {
    threat: 'J4',
    attack: 'look for references to another schema',
    sql: `
      select format('%I.%I', n.nspname, c.relname) as object, format('%I refers to %s, in another schema', conname, confrelid::regclass) as leaked,
        format('alter table %I.%I drop constraint %I;', n.nspname, c.relname, conname) as fix
      from pg_constraint join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = c.relnamespace
      where contype = 'f' and (n.${mine} or exists (select from pg_class t join pg_namespace tn on tn.oid = t.relnamespace where t.oid = confrelid and tn.${mine}))
        and (select relnamespace from pg_class where oid = confrelid) <> c.relnamespace`,
  },
  {
    threat: 'J4',
    attack: 'look for views of tables in schemas of tenants',
    sql: `
      select distinct format('%I.%I', n.nspname, c.relname) as object, format('reads %s, in a tenant''s schema', d.refobjid::regclass) as leaked, format('drop view %I.%I;', n.nspname, c.relname) as fix
      from pg_depend d join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
      join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
      join pg_class t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass join pg_namespace tn on tn.oid = t.relnamespace
      where tn.${mine} and tn.oid <> n.oid`,
  },
  {
    threat: 'G5',
    attack: 'look for names of schemas that tell who the tenants are',
    sql: `
      select nspname as object, format('the name tells everybody of the tenant %s', slug) as leaked, format('alter schema %I rename to ...;', nspname) as fix
      from pg_namespace join platform.tenants on ${tellsOf('nspname')}
      where pg_namespace.oid >= ${firstMade} and nspname not in ('app', 'platform', ${literal(templateSchema)})`,
  },
  {
    threat: 'G5',
    attack: 'look for names of roles that tell who the tenants are',
    // The application's own roles are called like it, and so may a tenant be.
    sql: `
      select rolname as object, format('the name tells everybody of the tenant %s', slug) as leaked, format('alter role %I rename to ...;', rolname) as fix
      from pg_roles join platform.tenants on ${tellsOf('rolname')}
      where pg_roles.oid >= ${firstMade} and rolname <> all (string_to_array(${ours}, ','))`,
  },
];
