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
const ours = literal(Object.values(roles).join());

/** What comes with a server has smaller numbers: pg_monitor tells nothing of a tenant "monitor". */
const firstMade = 16384;

/** What the catalog says about the tenants' schemas and roles. */
export const schemaRules = ({ world }: Pick<Target, 'world'>): readonly SchemaRule[] => [
  {
    threat: 'J3',
    attack: 'look at the roles of tenants',
    sql: `
      select nspname as object, reason as leaked, format('alter role %I %s;', nspname, mend) as fix
      from pg_namespace left join pg_roles on rolname = nspname, lateral (values
        (rolname is null, 'has no role of its own', 'nologin'),
        (rolcanlogin, 'may log in', 'nologin'),
        (rolsuper, 'is superuser', 'nosuperuser'),
        (rolbypassrls, 'bypasses row-level security', 'nobypassrls'),
        (rolcreaterole or rolcreatedb, 'may create roles or databases', 'nocreaterole nocreatedb'),
        (rolreplication, 'may replicate', 'noreplication')
      ) as power (has, reason, mend)
      where ${mine} and has`,
  },
  {
    threat: 'J3',
    attack: 'look for what the roles of tenants own',
    sql: `
      select pg_get_userbyid(owner) as object, format('owns %s: an owner can switch row-level security off', name) as leaked,
        format('reassign owned by %I to ${roles.owner};', pg_get_userbyid(owner)) as fix
      from (
        select relowner as owner, pg_class.oid::regclass::text as name from pg_class
        union all select nspowner, 'the schema ' || nspname from pg_namespace
        union all select proowner, oid::regprocedure::text from pg_proc
      ) as owned
      where pg_get_userbyid(owner)::text ~ '${schemaPattern}'`,
  },
  {
    threat: 'J3',
    attack: 'look for who may become a tenant, and what a tenant may become',
    sql: `
      select granted.rolname as object, format('%I is a member: it is let into the schema', grantee.rolname) as leaked,
        format('revoke %I from %I;', granted.rolname, grantee.rolname) as fix
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where granted.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = granted.rolname) and grantee.rolname <> ${literal(roles.runtime)} and not grantee.rolsuper
        -- Since 16 whoever creates a role may administer it, and is no member otherwise.
        and not (to_jsonb(m) ->> 'inherit_option' = 'false' and to_jsonb(m) ->> 'set_option' = 'false')
      union all
      select grantee.rolname, format('is a member of %I', granted.rolname), format('revoke %I from %I;', granted.rolname, grantee.rolname)
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where grantee.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = grantee.rolname) and granted.rolname <> ${literal(roles.tenants)}
      union all
      select granted.rolname, format('%I inherits its rights, without entering', grantee.rolname), format('alter role %I noinherit; revoke %I from %I; grant %I to %I;', grantee.rolname, granted.rolname, grantee.rolname, granted.rolname, grantee.rolname)
      from pg_auth_members m join pg_roles granted on granted.oid = m.roleid join pg_roles grantee on grantee.oid = m.member
      where granted.rolname ~ '${schemaPattern}' and exists (select from pg_namespace where nspname = granted.rolname) and grantee.rolname = ${literal(roles.runtime)}
        and coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, grantee.rolinherit)`,
  },
  {
    threat: 'J3',
    attack: 'look for grants that cross schemas',
    sql: `
      with grantee as (select oid, rolname from pg_roles union all select 0, 'public')
      select nspname as object, format('%I may use it', rolname) as leaked, format('revoke all on schema %I from %I;', nspname, rolname) as fix
      from pg_namespace, lateral aclexplode(nspacl) as privilege join grantee on grantee.oid = privilege.grantee
      where ${mine} and rolname <> nspname and rolname <> all (string_to_array(${ours}, ',')) or ${mine} and rolname = any (array[${literal(roles.runtime)}, ${literal(roles.tenants)}])
      union
      select format('%I.%I', nspname, relname), format('%I has %s', rolname, lower(privilege_type)), format('revoke all on %I.%I from %I;', nspname, relname, rolname)
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
    attack: 'look for what ties one schema to another',
    sql: `
      select distinct format('%I.%I', nspname, relname) as object, format('%I draws on %s, which belongs to another schema', attname, refobjid::regclass) as leaked,
        format('alter table %I.%I alter column %I drop default;', nspname, relname, attname) as fix
      from pg_depend d
      join pg_attrdef on pg_attrdef.oid = d.objid and d.classid = 'pg_attrdef'::regclass
      join pg_class on pg_class.oid = adrelid join pg_namespace on pg_namespace.oid = pg_class.relnamespace
      join pg_attribute on attrelid = adrelid and attnum = adnum
      where ${mine} and d.refclassid = 'pg_class'::regclass and (select relnamespace from pg_class where oid = d.refobjid) <> pg_namespace.oid
      union all
      select format('%I.%I', n.nspname, c.relname), format('%I refers to %s, in another schema', conname, confrelid::regclass), format('alter table %I.%I drop constraint %I;', n.nspname, c.relname, conname)
      from pg_constraint join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = c.relnamespace
      where contype = 'f' and (n.${mine} or exists (select from pg_class t join pg_namespace tn on tn.oid = t.relnamespace where t.oid = confrelid and tn.${mine}))
        and (select relnamespace from pg_class where oid = confrelid) <> c.relnamespace
      union all
      select format('%I.%I', n.nspname, c.relname), format('reads %s, in a tenant''s schema', d.refobjid::regclass), format('drop view %I.%I;', n.nspname, c.relname)
      from pg_depend d join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
      join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
      join pg_class t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass join pg_namespace tn on tn.oid = t.relnamespace
      where tn.${mine} and tn.oid <> n.oid`,
  },
  {
    threat: 'G5',
    attack: 'look for names that tell who the tenants are',
    sql: `
      select named.name as object, format('the name tells everybody of the tenant %s', slug) as leaked, format('alter %s %I rename to ...;', kind, named.name) as fix
      from (
        select nspname::text as name, 'schema' as kind from pg_namespace
        where oid >= ${firstMade} and nspname not in ('app', 'platform', ${literal(templateSchema)})
        union all
        -- The application's own roles are called like it, and so may a tenant be.
        select rolname, 'role' from pg_roles where oid >= ${firstMade} and rolname <> all (string_to_array(${ours}, ','))
      ) as named
      join platform.tenants on strpos(named.name, slug) > 0 or strpos(named.name, replace(slug, '-', '_')) > 0
      where length(slug) > 3 and named.name !~ '${schemaPattern}'`,
  },
];
