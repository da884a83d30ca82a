import type { Threat } from '../threats.ts';
import { named, ofTenants, ours, type Rule, serving, servingName, tenantTable } from './rule.ts';

const carriesTenant = `exists (
  select from unnest(k.conkey, k.confkey) as pair (here, there)
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.here and a.attname = 'tenant_id'
  join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.there and b.attname = 'tenant_id')`;

/** The reference as it should be; what it did when the row is gone, it does to its own columns only. */
const withTenant = `regexp_replace(regexp_replace(pg_get_constraintdef(k.oid),
  '^FOREIGN KEY \\((.*?)\\) REFERENCES (.*?)\\(', 'FOREIGN KEY (tenant_id, \\1) REFERENCES \\2(tenant_id, '),
  '^FOREIGN KEY \\(tenant_id, (.*?)\\)(.* ON DELETE SET (?:NULL|DEFAULT))(?! \\()', 'FOREIGN KEY (tenant_id, \\1)\\2 (\\1)')`;

const hasTenant = (relation: string) =>
  `exists (select from pg_attribute a where a.attrelid = ${relation} and a.attname = 'tenant_id' and not a.attisdropped)`;

/** What a tenant table has to have, policies aside. */
export const tableRules: readonly Rule[] = [
  {
    threat: 'A2',
    attack: 'look for tables whose row-level security is off or not forced',
    sql: `
      with ${tenantTable}
      select name as object, case when relrowsecurity then 'row-level security is not forced: the owner, and functions and views of the owner, see every tenant'
          else 'row-level security is off' end as leaked,
        format('alter table %s enable row level security, force row level security;', name) as fix,
        format('select relrowsecurity, relforcerowsecurity from pg_class where oid = %L::regclass;', name) as reproduce
      from tenant_table where not (relrowsecurity and relforcerowsecurity) and not relispartition`,
  },
  {
    threat: 'F1',
    attack: 'look for partitions that are open beside their parents',
    sql: `
      with ${tenantTable}
      select name as object, 'the policies of its parent do not hold for who names the partition' as leaked,
        format('revoke all on %s from %I, public; -- or: alter table %1$s enable row level security, force row level security;', name, named_role) as fix,
        format('select * from %s;', name) as reproduce
      from tenant_table where not (relrowsecurity and relforcerowsecurity) and relispartition and reachable`,
  },
  withoutTenant(
    'A11',
    'look for tables that the application reaches and that have no tenant',
    `(${ofTenants('n')} or n.nspname in ('platform', 'public'))`,
  ),
  withoutTenant(
    'E11',
    'look for tables of extensions, queues and other applications that the application reaches',
    `not (${ofTenants('n')} or n.nspname in ('platform', 'public'))`,
  ),
  {
    threat: 'C4',
    attack: 'look for tenant_id that may be null',
    sql: `
      with ${tenantTable}
      select name || '.tenant_id' as object, 'a row without a tenant belongs to nobody, and skips its foreign keys' as leaked,
        format('alter table %s alter column tenant_id set not null;', name) as fix,
        format('select attnotnull from pg_attribute where attrelid = %L::regclass and attname = ''tenant_id'';', name) as reproduce
      from tenant_table t join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id' and not a.attisdropped where not a.attnotnull`,
  },
  {
    threat: 'D5',
    attack: 'look for unique and exclusion constraints over all tenants',
    sql: `
      with ${tenantTable}
      select t.name as object, format('%s is unique over all tenants: a refused value is another tenant''s', i.indexrelid::regclass) as leaked,
        concat(
          (select string_agg(format('alter table %s drop constraint %I; ', r.conrelid::regclass, r.conname), '' order by r.oid) from pg_constraint r where r.conindid = i.indexrelid and r.contype = 'f'),
          case
            when k.oid is not null then format('alter table %1$s drop constraint %2$I, add constraint %2$I %3$s;', t.name, k.conname,
              regexp_replace(pg_get_constraintdef(k.oid), '\\(', case k.contype when 'x' then '(tenant_id with operator(pg_catalog.=), ' else '(tenant_id, ' end))
            else format('drop index %s; %s;', i.indexrelid::regclass, regexp_replace(pg_get_indexdef(i.indexrelid), ' USING (\\w+) \\(', ' USING \\1 (tenant_id, '))
          end) as fix,
        format('select pg_get_indexdef(%L::regclass);', i.indexrelid::regclass) as reproduce
      from pg_index i join tenant_table t on t.oid = i.indrelid left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
      where (i.indisunique or i.indisexclusion)
        and not exists (select from unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) as key join pg_attribute a on a.attrelid = i.indrelid and a.attnum = key and a.attname = 'tenant_id')`,
  },
  {
    threat: 'D4',
    attack: 'look for foreign keys that do not carry the tenant',
    sql: `
      select ${named('c', 'n')} as object, format('%I refers to %s without tenant_id: a row can belong to another tenant''s', k.conname, k.confrelid::regclass) as leaked,
        format('alter table %I.%I drop constraint if exists %I, add %s;', n.nspname, c.relname, k.conname, ${withTenant}) as fix,
        format('select pg_get_constraintdef(oid) from pg_constraint where conname = %L;', k.conname) as reproduce
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and ${ours('n')} and ${hasTenant('k.conrelid')} and ${hasTenant('k.confrelid')} and not ${carriesTenant}`,
  },
  {
    threat: 'D11',
    attack: 'look for foreign keys that were never validated',
    sql: `
      select ${named('c', 'n')} as object, format('%I is not valid: what is there was never checked', k.conname) as leaked,
        format('alter table %I.%I validate constraint %I;', n.nspname, c.relname, k.conname) as fix,
        format('select convalidated from pg_constraint where conrelid = %L::regclass and conname = %L;', c.oid::regclass, k.conname) as reproduce
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and not k.convalidated and ${ours('n')} and ${hasTenant('k.conrelid')}`,
  },
];

function withoutTenant(threat: Threat, attack: string, where: string): Rule {
  return {
    threat,
    attack,
    sql: `
      select ${named('c', 'n')} as object, 'the runtime role may touch it, and it has no tenant_id' as leaked,
        format('revoke all on %I.%I from %I, public; -- or add tenant_id and policies, or decide "global" in db/tenancy.json', n.nspname, c.relname, ${servingName('n')}) as fix,
        format('select * from %I.%I;', n.nspname, c.relname) as reproduce
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${where} and c.relkind in ('r', 'p') and ${ours('n')} and not ${hasTenant('c.oid')} and has_schema_privilege(${serving('n')}, n.oid, 'USAGE')
        and (has_any_column_privilege(${serving('n')}, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege(${serving('n')}, c.oid, 'DELETE, TRUNCATE'))
        and not (format('%I.%I', n.nspname, c.relname) = any ($4::text[]) and not has_any_column_privilege(${serving('n')}, c.oid, 'INSERT, UPDATE') and not has_table_privilege(${serving('n')}, c.oid, 'DELETE'))`,
  };
}
