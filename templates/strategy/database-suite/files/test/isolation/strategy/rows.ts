import type pg from 'pg';
import type { Relation } from '../catalog.ts';
import { isSuperuser } from '../privileged.ts';
import { identifier, literal } from '../sql.ts';

/**
 * Copies what a tenant has from one database to another, as somebody who sees every row in both; what is there already
 * stays. A superuser copies without setting off triggers: those of the rows wrote what is copied too.
 */
export async function copyTenant(
  from: pg.ClientBase,
  to: pg.Client,
  tables: readonly Relation[],
  tenantId: string,
): Promise<void> {
  const mayBeQuiet = await isSuperuser(to);
  if (mayBeQuiet) await to.query('set session_replication_role = replica');
  for (const table of tables) {
    if (table.parent !== null) continue;
    await copyRows(from, to, table.name, {
      columns: table.columns.filter(({ generated }) => !generated).map(({ name }) => name),
      where: `tenant_id = ${literal(tenantId)}`,
      conflict: 'do nothing',
    });
    await moveSequences(to, table);
  }
  if (mayBeQuiet) await to.query('reset session_replication_role');
}

/** The next row gets a number that no copied one has. */
async function moveSequences(to: pg.ClientBase, { name: table, columns }: Relation): Promise<void> {
  for (const { name, identity, default: value } of columns) {
    if (!identity && value?.includes('nextval') !== true) continue;
    const sequence = `pg_get_serial_sequence(${literal(table)}, ${literal(name)})`;
    await to.query(
      `select setval(${sequence}, max(${identifier(name)})) from ${table} having max(${identifier(name)}) > 0`,
    );
  }
}

/** Makes a database know the tenants of another one, as they are there. */
export async function copyTenants(from: pg.ClientBase, to: pg.ClientBase): Promise<void> {
  await copyRows(from, to, 'platform.tenants', {
    columns: ['id', 'slug', 'name', 'status', 'purge_after'],
    where: 'true',
    conflict: '(id) do update set status = excluded.status, purge_after = excluded.purge_after',
  });
}

async function copyRows(
  from: pg.ClientBase,
  to: pg.ClientBase,
  table: string,
  {
    columns,
    where,
    conflict,
  }: { readonly columns: readonly string[]; readonly where: string; readonly conflict: string },
): Promise<void> {
  const { rows } = await from.query<{ rows: string | null }>(
    `select json_agg(t)::text as rows from ${table} as t where ${where}`,
  );
  const found = rows[0]?.rows ?? null;
  if (found === null) return;
  const list = columns.map(identifier).join(', ');
  await to.query(
    `insert into ${table} (${list}) overriding system value
    select ${list} from json_populate_recordset(null::${table}, $1) on conflict ${conflict}`,
    [found],
  );
}
