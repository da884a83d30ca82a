import { basename } from 'node:path';
import type pg from 'pg';
import { connectTo } from '../../src/tenancy/move/place.ts';
import { whyImmovable } from '../../src/tenancy/move/tables.ts';
import { withClient } from '../setup/database.ts';
import { migratedUrl, type TableUrls, templateUrl } from '../setup/own-places.ts';

/**
 * Takes out of a control plane without tenants what a move does not take yet: triggers and tables without a primary key;
 * where references go in a circle, every reference. So tests of moves are about the rest, whatever was added.
 */
export async function makeMovable({ adminUrl }: Pick<TableUrls, 'adminUrl'>): Promise<void> {
  for (const query of takeOut) {
    if (!(await isImmovable(adminUrl))) return;
    const known = await templateUrl(adminUrl);
    // Other tests make databases from the same one.
    const template = databaseOf(known).endsWith('_migrated') ? known : await migratedUrl(adminUrl);
    for (const url of [adminUrl, template]) await withClient(url, (admin) => runEach(admin, query));
    await withClient(adminUrl, (admin) =>
      admin.query('update platform.template set database = $1', [databaseOf(template)]),
    );
  }
}

const databaseOf = (url: string): string => basename(new URL(url).pathname);

async function runEach(admin: pg.Client, query: string): Promise<void> {
  const { rows } = await admin.query<{ statement: string }>(query);
  for (const { statement } of rows) await admin.query(statement);
}

async function isImmovable(adminUrl: string): Promise<boolean> {
  const client = await connectTo({ strategy: 'test', adminUrl, isControlPlane: true });
  try {
    return (await whyImmovable(client)) !== undefined;
  } finally {
    await client.end();
  }
}

/** Each gives statements; those of the second go for any circle, and are run only where the first are not enough. */
const takeOut = [
  `select format('drop trigger %I on %s', tgname, tgrelid::regclass) as statement
  from pg_trigger join pg_class on pg_class.oid = tgrelid
  where relnamespace = 'app'::regnamespace and not tgisinternal and tgparentid = 0
  union all
  select format('drop table %s cascade', oid::regclass)
  from pg_class
  where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and not relispartition
    and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)`,
  `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
  from pg_constraint join pg_class on pg_class.oid = confrelid
  where contype = 'f' and conparentid = 0 and relnamespace = 'app'::regnamespace`,
];
