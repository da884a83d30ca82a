import pg from 'pg';
import { isTenantSchema, servingRoleSql } from './homes.ts';

export interface Column {
  readonly name: string;
  /** As SQL writes it, for example `character varying(20)`. */
  readonly type: string;
  /** The type below all domains, without its length. */
  readonly baseType: string;
  /** The length or precision that the type was given; -1 for none. */
  readonly modifier: number;
  /** pg_type.typcategory of the base type: S text, N number, A array... */
  readonly category: string;
  /** The type of an array's elements. */
  readonly elementType: string | null;
  readonly labels: readonly string[];
  /** Texts of the checks of its domains. */
  readonly domainChecks: readonly string[];
  readonly notNull: boolean;
  readonly default: string | null;
  readonly identity: boolean;
  readonly generated: boolean;
  /** The runtime role may name it in an insert, in an update. */
  readonly insertable: boolean;
  readonly updatable: boolean;
}

export interface UniqueIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly primary: boolean;
  /** Usable in `on conflict (columns)`: of plain columns, on all rows. */
  readonly plain: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
}

export interface Check {
  readonly name: string;
  readonly columns: readonly string[];
  readonly text: string;
}

export type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** A table, view, partition, materialized view or foreign table outside of PostgreSQL's own schemas. */
export interface Relation {
  /** With its schema, quoted where SQL needs it. */
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table';
  readonly schema: string;
  /** The parent, when this is a partition or inherits. */
  readonly parent: string | null;
  /** Columns that choose the partition, and the bounds: of all partitions, or of this one. */
  readonly partitionKey: readonly string[];
  readonly partitionBounds: readonly string[];
  readonly comment: string | null;
  readonly hasTenant: boolean;
  readonly securityInvoker: boolean;
  /** Of the runtime role, on the table or at least one column; none when it may not use the schema. */
  readonly privileges: ReadonlySet<Privilege>;
  readonly columns: readonly Column[];
  readonly uniques: readonly UniqueIndex[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
}

export interface DatabaseFunction {
  /** With its argument types, as `alter routine` takes it. */
  readonly name: string;
  readonly call: string;
  /** What it takes, below one domain; of a procedure also what it gives. */
  readonly argumentTypes: readonly string[];
  /** Of each argument that is an enum. */
  readonly argumentLabels: readonly (readonly string[])[];
  readonly isProcedure: boolean;
  readonly isVariadic: boolean;
  readonly definer: boolean;
  readonly volatile: boolean;
}

export interface Catalog {
  readonly relations: readonly Relation[];
  /** What the runtime role may call, outside of PostgreSQL's own schemas and of extensions. */
  readonly functions: readonly DatabaseFunction[];
  /** Sequences of schemas that the runtime role may use. */
  readonly sequences: readonly string[];
  /** Every role of the cluster. */
  readonly roles: readonly string[];
  /** Names of the settings that policies and functions read. */
  readonly settings: readonly string[];
}

/** Whom the tables of a schema serve. */
const role = servingRoleSql('$1', 'n.nspname');
const ours = `n.nspname <> 'information_schema' and n.nspname !~ '^pg_'`;

const relationsSql = `
  select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname as schema,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind,
    (select format('%I.%I', pn.nspname, pc.relname) from pg_inherits join pg_class pc on pc.oid = inhparent
      join pg_namespace pn on pn.oid = pc.relnamespace where inhrelid = c.oid limit 1) as parent,
    array(select a.attname::text from pg_partitioned_table p cross join lateral unnest(p.partattrs::int2[]) as key (number)
      join pg_attribute a on a.attrelid = p.partrelid and a.attnum = key.number
      where p.partrelid = c.oid or p.partrelid in (select inhparent from pg_inherits where inhrelid = c.oid)) as "partitionKey",
    array(select pg_get_expr(child.relpartbound, child.oid) from pg_inherits join pg_class child on child.oid = inhrelid
      where inhparent = c.oid or inhrelid = c.oid) as "partitionBounds",
    obj_description(c.oid, 'pg_class') as comment,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as "hasTenant",
    coalesce((select option_value::bool from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false) as "securityInvoker",
    array(select privilege from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as privilege
      where has_schema_privilege(${role}, n.oid, 'USAGE')
        and (has_table_privilege(${role}, c.oid, privilege) or (privilege <> 'DELETE' and has_any_column_privilege(${role}, c.oid, privilege)))) as privileges
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ours}
  order by n.nspname, c.relname`;

const columnsSql = `
  select a.attrelid::int8 as oid, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
    format_type(base.oid, null) as "baseType", coalesce(nullif(a.atttypmod, -1), base.modifier) as modifier,
    base_type.typcategory as category,
    case when base_type.typcategory = 'A' then format_type(base_type.typelem, null) end as "elementType",
    array(select enumlabel::text from pg_enum where enumtypid in (base.oid, base_type.typelem) order by enumsortorder) as labels,
    base.checks as "domainChecks",
    a.attnotnull or base.not_null as "notNull", pg_get_expr(d.adbin, d.adrelid) as default,
    a.attidentity <> '' as identity, a.attgenerated <> '' as generated,
    has_column_privilege(${role}, a.attrelid, a.attnum, 'INSERT') as insertable,
    has_column_privilege(${role}, a.attrelid, a.attnum, 'UPDATE') as updatable
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  join lateral (
    with recursive chain as (
      select t.oid, t.typtype, t.typbasetype, -1 as modifier, t.typnotnull as not_null, 1 as depth from pg_type t where t.oid = a.atttypid
      union all
      select t.oid, t.typtype, t.typbasetype, chain_type.typtypmod, chain.not_null or t.typnotnull, depth + 1
      from chain join pg_type chain_type on chain_type.oid = chain.oid join pg_type t on t.oid = chain.typbasetype
      where chain.typtype = 'd'
    )
    select oid, modifier, not_null,
      array(select pg_get_constraintdef(k.oid) from pg_constraint k where k.contypid in (select oid from chain)) as checks
    from chain order by depth desc limit 1
  ) base on true
  join pg_type base_type on base_type.oid = base.oid
  where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ours}
  order by a.attrelid, a.attnum`;

const names = (numbers: string, relation: string) =>
  `array(select a.attname::text from unnest(${numbers}) with ordinality as key (number, place)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = key.number order by place)`;

const uniquesSql = `
  select i.indrelid::int8 as oid, x.relname as name, i.indisprimary as primary,
    ${names('(i.indkey::int2[])[0:i.indnkeyatts - 1]', 'i.indrelid')} as columns,
    i.indisunique and i.indexprs is null and i.indpred is null and i.indimmediate as plain
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_class c on c.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  where (i.indisunique or i.indisexclusion) and ${ours}
  order by i.indisprimary desc, x.relname`;

const constraintsSql = `
  select k.conrelid::int8 as oid, k.conname as name, k.contype as type, pg_get_constraintdef(k.oid) as text,
    ${names('k.conkey', 'k.conrelid')} as columns,
    (select format('%I.%I', tn.nspname, tc.relname) from pg_class tc join pg_namespace tn on tn.oid = tc.relnamespace where tc.oid = k.confrelid) as target,
    ${names('k.confkey', 'k.confrelid')} as "targetColumns"
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  where k.contype in ('c', 'f') and (k.contype = 'c' or k.conparentid = 0 or c.relispartition) and ${ours}
  order by k.conname`;

/** CALL also takes a value for each OUT argument. */
const argumentsOf = `unnest(case when p.prokind = 'p' then coalesce(p.proallargtypes, p.proargtypes::oid[]) else p.proargtypes::oid[] end) with ordinality as argument (type, place)
      join pg_type t on t.oid = argument.type`;

const functionsSql = `
  select p.oid::regprocedure::text as name, format('%I.%I', n.nspname, p.proname) as call,
    array(select format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) from ${argumentsOf} order by place) as "argumentTypes",
    coalesce((select json_agg(array(select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder) order by place) from ${argumentsOf}), '[]') as "argumentLabels",
    p.prokind = 'p' as "isProcedure", p.provariadic <> 0 as "isVariadic", p.prosecdef as definer, p.provolatile = 'v' as volatile
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where p.prokind in ('f', 'p') and ${ours}
    and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and has_schema_privilege($1, n.oid, 'USAGE') and has_function_privilege($1, p.oid, 'EXECUTE')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  order by 1`;

const sequencesSql = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and ${ours} and has_schema_privilege($1, n.oid, 'USAGE')
  order by 1`;

const settingsSql = `
  select distinct (regexp_matches(source, 'current_setting\\(''([^'']+)''', 'g'))[1] as name
  from (
    select concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as source from pg_policy
    union all
    select p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours}
  ) as sources`;

type Owned<T> = T & { readonly oid: string };

/** Reads everything that the suite attacks; nothing is listed by hand. */
export async function readCatalog(admin: pg.ClientBase, runtimeRole: string): Promise<Catalog> {
  // With arrays and booleans as such, whatever the connection does otherwise.
  const all = async <Row extends pg.QueryResultRow>(text: string) =>
    (await admin.query<Row>({ text, values: text.includes('$1') ? [runtimeRole] : [], types: pg.types })).rows;
  const relations = await all<Owned<Relation> & { privileges: Privilege[] }>(relationsSql);
  const columns = byOid(await all<Owned<Column>>(columnsSql));
  const uniques = byOid(await all<Owned<UniqueIndex>>(uniquesSql));
  const constraints = await all<Owned<ForeignKey & Check & { readonly type: 'c' | 'f' }>>(constraintsSql);
  const foreignKeys = byOid(constraints.filter(({ type }) => type === 'f'));
  const checks = byOid(constraints.filter(({ type }) => type === 'c'));
  return {
    relations: relations.map(({ oid, privileges, ...relation }) => ({
      ...relation,
      privileges: new Set(privileges),
      columns: columns.get(oid) ?? [],
      uniques: uniques.get(oid) ?? [],
      foreignKeys: foreignKeys.get(oid) ?? [],
      checks: checks.get(oid) ?? [],
    })),
    functions: await all<DatabaseFunction & pg.QueryResultRow>(functionsSql),
    sequences: (await all<{ name: string }>(sequencesSql)).map(({ name }) => name),
    roles: (await all<{ name: string }>('select rolname as name from pg_roles order by 1')).map(({ name }) => name),
    settings: (await all<{ name: string }>(settingsSql)).map(({ name }) => name),
  };
}

function byOid<T>(rows: readonly Owned<T>[]): Map<string, Owned<T>[]> {
  const groups = new Map<string, Owned<T>[]>();
  for (const row of rows) groups.set(row.oid, [...(groups.get(row.oid) ?? []), row]);
  return groups;
}

/** The tables that hold tenants' rows and that the runtime role can reach, or that are where such tables belong. */
export function tenantTables({ relations }: Catalog): Relation[] {
  return relations.filter(
    (relation) =>
      relation.kind === 'table' &&
      relation.hasTenant &&
      (isTenantSchema(relation.schema) || relation.privileges.size > 0),
  );
}
