import { exportNeeds, purgeNeeds } from '../../../src/platform/table-needs.ts';
import { purgeErasesRows } from '../homes.ts';
import { named, ofTenants } from './rule.ts';

/** What the control plane has to do with every tenant table and could not, which is no leak: rows with `why` and `object`. */
export const controlPlaneGaps: readonly string[] = [
  ...(purgeErasesRows ? [lacking('a purge refuses it, and so the tenant stays', purgeNeeds)] : []),
  lacking('an export refuses it, and migrations do not see every row', exportNeeds),
];

function lacking(what: string, needs: string): string {
  return `
    select name as object, '${what}. Next: ' || array_to_string(needs, '; ') || ';' as why
    from (
      select ${named('relation', 'n')} as name, ${needs} as needs
      from pg_class relation
      join pg_namespace n on n.oid = relation.relnamespace
      join pg_attribute a on a.attrelid = relation.oid and a.attname = 'tenant_id' and not a.attisdropped
      where relation.relkind in ('r', 'p') and not relation.relispartition and ${ofTenants('n')}
    ) as tables
    where cardinality(needs) > 0
    order by name`;
}
