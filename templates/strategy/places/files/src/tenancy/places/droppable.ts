import type pg from 'pg';
import { tellNeeds } from '../../platform/table-needs.ts';
import { roles } from '../roles.ts';

/** Throws before tables of a schema are dropped, which takes their owner, when one belongs to somebody else. */
export async function assertDroppable(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string; needs: string[] }>(
    `select format('%I.%I', nspname, relname) as name,
      array[format('alter table %s owner to ${roles.owner}', pg_class.oid::regclass)] as needs
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1 and relkind in ('r', 'p') and not pg_has_role($2, relowner, 'usage')
    order by 1`,
    [schema, roles.migrator],
  );
  if (rows.length > 0) throw new Error(tellNeeds(`${roles.migrator} can neither read nor drop`, rows));
}
