import pg from 'pg';
import { roles } from '../tenancy/roles.ts';

/*
 * What the control plane needs of a tenant table beside what the application does, as in
 * db/migrations/tenant/0001_members.sql. Each is an expression of SQL for a row of pg_class, called `relation`: the
 * statements that the table lacks, as text[].
 */

const platform = pg.escapeLiteral(roles.platform);
const migrator = pg.escapeLiteral(roles.migrator);

const name = `relation.oid::regclass`;

/** Whether a role's own policy lets it at rows: by the letter of its command in pg_policy. */
const hasPolicy = (role: string, command: string): string => `exists (
    select from pg_catalog.pg_policy
    where polrelid = relation.oid and polpermissive and polcmd in ('*', '${command}')
      and ${role}::regrole = any (polroles)
  )`;

/** Restrictive policies for everybody, which keep the control plane from rows too: they are for who serves tenants. */
const floorsForAll = `array(
    select format('alter policy %I on %s to %s', floor.polname, ${name}, serving.names)
    from pg_catalog.pg_policy as floor
    cross join (
      select string_agg(quote_ident(rolname), ', ') as names
      from pg_catalog.pg_policy as known
      join pg_catalog.pg_class as members on members.oid = polrelid and members.relname = 'members'
      join pg_catalog.pg_roles on pg_roles.oid = any (polroles)
      where members.relnamespace = relation.relnamespace and polname = 'tenant_floor'
    ) as serving
    where floor.polrelid = relation.oid and not floor.polpermissive and 0 = any (floor.polroles)
  )`;

/** A policy or grant that is made only where it is missing. */
const unless = (present: string, statement: string): string =>
  `case when not (${present}) then format(${pg.escapeLiteral(statement)}, ${name}) end`;

const deleted = `tenant_id in (select id from platform.tenants where status = 'deleted' and purge_after <= now())`;

/** For erasing the rows of a deleted tenant. Without a policy for it a delete would find nothing, and say nothing. */
export const purgeNeeds = `array_remove(array[
    ${unless(
      `has_table_privilege(${platform}, relation.oid, 'delete') and has_column_privilege(${platform}, relation.oid, 'tenant_id', 'select')`,
      `grant select (tenant_id), delete on %s to ${roles.platform}`,
    )},
    ${unless(hasPolicy(platform, 'd'), `create policy platform_purge on %s for delete to ${roles.platform} using (${deleted})`)},
    ${unless(hasPolicy(platform, 'r'), `create policy platform_purge_read on %s for select to ${roles.platform} using (${deleted})`)}
  ], null) || ${floorsForAll}`;

/** For migrations and exports, which see every row. */
export const exportNeeds = `array_remove(array[
    ${unless(`has_table_privilege(${migrator}, relation.oid, 'select')`, `alter table %s owner to ${roles.owner}`)},
    ${unless(`not relation.relrowsecurity or ${hasPolicy(migrator, 'r')}`, `create policy tenant_migrate on %s for all to ${roles.migrator} using (true) with check (true)`)}
  ], null) || ${floorsForAll}`;

/** What was found of tables that lack something, in one sentence, and the statements that mend it. */
export function tellNeeds(
  what: string,
  tables: readonly { readonly name: string; readonly needs: readonly string[] }[],
) {
  const names = tables.map(({ name: table }) => table).join(', ');
  const statements = tables.flatMap(({ needs }) => needs.map((need) => `  ${need};`));
  return [`${what} ${names}. Next: in a migration, or as the administrator:`, ...statements].join('\n');
}
