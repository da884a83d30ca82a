import { exportNeeds, purgeNeeds } from '../../../src/platform/table-needs.ts';
import { purgeErasesRows } from '../homes.ts';
import { named, ofTenants, type Rule } from './rule.ts';

/** What the control plane cannot do with a tenant's rows, although it has to. */
export const controlPlaneRules: readonly Rule[] = [
  ...(purgeErasesRows
    ? [lacking('look for tables that a purge does not empty', 'rows of deleted tenants stay', purgeNeeds)]
    : []),
  lacking('look for tables of which an export lacks rows', 'migrations and exports do not see every row', exportNeeds),
];

function lacking(attack: string, leaked: string, needs: string): Rule {
  return {
    threat: 'L12',
    attack,
    sql: `
      select name as object, '${leaked}' as leaked, array_to_string(needs, '; ') || ';' as fix,
        format('select * from pg_policies where format(''%%I.%%I'', schemaname, tablename) = %L;', name) as reproduce
      from (
        select ${named('relation', 'n')} as name, ${needs} as needs
        from pg_class relation
        join pg_namespace n on n.oid = relation.relnamespace
        join pg_attribute a on a.attrelid = relation.oid and a.attname = 'tenant_id' and not a.attisdropped
        where relation.relkind in ('r', 'p') and not relation.relispartition and ${ofTenants('n')}
      ) as tables
      where cardinality(needs) > 0`,
  };
}
