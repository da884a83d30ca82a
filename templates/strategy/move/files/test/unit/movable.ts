import { basename } from 'node:path';
import { connectTo } from '../../src/tenancy/move/place.ts';
import { whyImmovable } from '../../src/tenancy/move/tables.ts';
import { withClient } from '../setup/database.ts';
import { migratedUrl, type TableUrls, templateUrl } from '../setup/own-places.ts';

/**
 * Takes out of a control plane without tenants what a move does not take yet: triggers, tables without a primary key and
 * references in a circle. So tests of moves are about the rest of the tables, whatever was added.
 */
export async function makeMovable({ adminUrl }: Pick<TableUrls, 'adminUrl'>): Promise<void> {
  if (!(await isImmovable(adminUrl))) return;
  const known = await templateUrl(adminUrl);
  // Other tests make databases from the same one.
  const template = known.endsWith('_migrated') ? known : await migratedUrl(adminUrl);
  for (const url of [adminUrl, template]) await withClient(url, (admin) => admin.query(takeOut));
  await withClient(adminUrl, (admin) =>
    admin.query('update platform.template set database = $1', [basename(new URL(template).pathname)]),
  );
}

async function isImmovable(adminUrl: string): Promise<boolean> {
  const client = await connectTo({ strategy: 'test', adminUrl, isControlPlane: true });
  try {
    return (await whyImmovable(client)) !== undefined;
  } finally {
    await client.end();
  }
}

const takeOut = `do $$ declare each record; begin
  for each in
    select format('drop trigger %I on %s', tgname, tgrelid::regclass) as statement
    from pg_trigger join pg_class on pg_class.oid = tgrelid
    where relnamespace = 'app'::regnamespace and not tgisinternal and tgparentid = 0
    union all
    select format('drop table %s cascade', oid::regclass)
    from pg_class
    where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and not relispartition
      and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)
  loop
    execute each.statement;
  end loop;
  for each in
    with recursive reached (constraint_id, relation, target) as (
      select oid, conrelid, confrelid from pg_constraint
      where contype = 'f' and conparentid = 0 and connamespace = 'app'::regnamespace
      union
      select constraint_id, relation, confrelid
      from reached join pg_constraint on contype = 'f' and conrelid = target
    )
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
    from pg_constraint
    where oid in (select constraint_id from reached where relation = target)
      -- One that may be null is written when every row is there.
      and not (
        conrelid = confrelid
        and exists (select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and not attnotnull)
      )
  loop
    execute each.statement;
  end loop; end $$`;
