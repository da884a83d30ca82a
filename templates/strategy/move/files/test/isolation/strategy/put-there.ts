import type pg from 'pg';
import type { MoveOptions } from '../../../src/tenancy/move/move.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { readCatalog, type Relation, tenantTables } from '../catalog.ts';
import { isSuperuser, seeEveryRow } from '../privileged.ts';
import { inReferenceOrder } from '../reference-order.ts';
import { connect } from '../session.ts';
import { literal } from '../sql.ts';
import type { Tenant } from '../world.ts';
import { copyTenant } from './rows.ts';

const shared = 'shared-schema';

/**
 * Leaves a tenant where `tenant move` would have, whatever its tables are: nobody uses it meanwhile, so that its rows can
 * be copied as they are.
 */
export async function putThere(
  { controlPlane, keepers }: MoveOptions,
  { id }: Pick<Tenant, 'id'>,
  [from, to]: readonly [from: string, to: string],
): Promise<void> {
  await keepers[to]?.prepare(id);
  const places = [controlPlane, await keepers[from]?.find(id), await keepers[to]?.find(id)];
  const clients = await Promise.all(places.map((place) => connect(place?.adminUrl ?? '')));
  const [control, source, target] = clients as [pg.Client, pg.Client, pg.Client];
  try {
    for (const client of clients) await beAlone(client);
    const tables = inReferenceOrder(tenantTables(await readCatalog(source, roles.runtime)));
    await copyTenant(source, target, tables, id);
    await control.query(`update platform.placements set strategy = ${literal(to)} where tenant_id = ${literal(id)}`);
    if (from === shared) await depart(source, tables, id);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
  if (from !== shared) await keepers[from]?.discard(id);
}

/** Sees every row; who may also keeps triggers and references from having a say in what was there before. */
async function beAlone(client: pg.Client): Promise<void> {
  if (await isSuperuser(client)) await client.query('set session_replication_role = replica');
  await seeEveryRow(client);
}

/** What is left of a tenant in the tables that are shared: a word that it is not there. */
async function depart(client: pg.Client, tables: readonly Relation[], id: string): Promise<void> {
  await client.query(`insert into platform.departures (tenant_id, departed) values (${literal(id)}, true)`);
  for (const { name, parent } of [...tables].reverse()) {
    if (parent === null) await client.query(`delete from ${name} where tenant_id = ${literal(id)}`);
  }
}
