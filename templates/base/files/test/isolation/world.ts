import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Catalog, Relation } from './catalog.ts';
import { counterpart, homeOf } from './homes.ts';
import { inReferenceOrder } from './reference-order.ts';
import { makeRow, NoRowError, pastValues, type RowRequest } from './rows.ts';
import { identifier, literal, pick, type Values } from './sql.ts';

/** A tenant of the attack. */
export interface Tenant {
  readonly id: string;
  readonly slug: string;
  /** A text that is in this tenant's rows only. */
  readonly marker: string;
  /** What it has, by table. */
  readonly rows: Map<string, readonly Values[]>;
  /** A row that it could insert, by table. */
  readonly spare: Map<string, Values>;
  /** Tables in which it has every row that it can have; what is spare there is one of those. */
  readonly full: Set<string>;
}

/** An attacker, and a victim with more rows, colliding natural keys and unmistakable texts. */
export interface World {
  readonly attacker: Tenant;
  readonly victim: Tenant;
  /** Somebody else who uses the application at the same time; only where the suite may commit. */
  readonly bystander?: Tenant;
  /** Tenants that were suspended and deleted; only where the suite may commit. */
  readonly shut: readonly Tenant[];
  /** The same again, of tenants that were moved to the other kind of place; only where there are two kinds. */
  readonly moved?: World;
  /** What keeps `tenant move` from taking their tables: they were brought there otherwise. */
  readonly immovable?: string;
  /** Tables in which no row could be made, why, and what makes one possible. */
  readonly unattackable: Map<string, { readonly why: string; readonly fix: string }>;
  /** Partitions into which no row of theirs falls. */
  readonly empty: Set<string>;
}

const attackerRows = 2;
const victimRows = 4;

/** The first letter differs by name, and none is a hexadecimal digit: it is in no id by accident. */
export function newTenant(name: string): Tenant {
  const token = [...randomBytes(7)].map((byte) => 'ghijklmnopqrstuvwxyz'[byte % 20]).join('');
  return {
    id: randomUUID(),
    slug: `${name}-${token}`,
    marker: `${name.slice(0, 1)}${token}`,
    rows: new Map(),
    spare: new Map(),
    full: new Set(),
  };
}

/** Fills every tenant table for the tenants, and reads everything back; inside a transaction, as somebody who may see every row. */
export async function fill(
  client: pg.ClientBase,
  catalog: Catalog,
  tables: readonly Relation[],
  world: World,
): Promise<void> {
  await fillFor(client, catalog, tables, world, world.attacker);
  await fillForOthers(client, catalog, tables, world);
}

/** All but the attacker, who was there before. */
export async function fillForOthers(
  client: pg.ClientBase,
  catalog: Catalog,
  tables: readonly Relation[],
  world: World,
): Promise<void> {
  const { attacker, victim, unattackable, empty } = world;
  const bystanders = [world.bystander, ...world.shut].filter((tenant) => tenant !== undefined);
  for (const tenant of [victim, ...bystanders]) await fillFor(client, catalog, tables, world, tenant);
  for (const tenant of [attacker, victim, ...bystanders]) {
    for (const table of tables.filter(({ schema }) => mayHold(schema, tenant))) {
      tenant.rows.set(table.name, await readRows(client, table, tenant.id));
      if (bystanders.includes(tenant)) continue;
      if (!unattackable.has(table.name) && !empty.has(table.name))
        tenant.spare.set(table.name, await spareRow(client, catalog, table, tenant));
    }
  }
  tellOfOthers(tables, world);
}

/** Whether a tenant's rows can be in a schema: in its own, and in one that is everybody's. */
export const mayHold = (schema: string, { id }: Pick<Tenant, 'id'>): boolean =>
  [undefined, id].includes(homeOf(schema));

/**
 * Where tenants have tables of their own, the attacker knows what the victim has in its own: rows that it would like to
 * find, or to plant, in each. In the victim's tables the attacker has none.
 */
function tellOfOthers(tables: readonly Relation[], { attacker, victim }: World): void {
  for (const { name, schema } of tables) {
    if (!mayHold(schema, attacker)) attacker.rows.set(name, []);
    if (mayHold(schema, victim)) continue;
    const there = counterpart(name, victim.id);
    victim.rows.set(name, victim.rows.get(there) ?? []);
    const spare = victim.spare.get(there);
    if (spare !== undefined) victim.spare.set(name, spare);
  }
}

/** Rows of one tenant in every table. */
export async function fillFor(
  client: pg.ClientBase,
  catalog: Catalog,
  tables: readonly Relation[],
  { attacker, victim, unattackable, empty }: Pick<World, 'attacker' | 'unattackable' | 'empty'> & Partial<World>,
  tenant: Tenant,
): Promise<void> {
  const count = tenant === attacker ? attackerRows : tenant === victim ? victimRows : 1;
  for (const table of inReferenceOrder(tables.filter(({ schema }) => mayHold(schema, tenant)))) {
    if (unattackable.has(table.name) || empty.has(table.name)) continue;
    if (table.parent !== null && (await hasRows(client, table, tenant))) continue;
    try {
      await insertRows(client, catalog, table, tenant, count);
    } catch (error) {
      if (!(error instanceof NoRowError)) throw error;
      // What makes a row possible there makes one possible here.
      const { fix } = unattackable.get(error.needs ?? '') ?? error;
      if (table.parent === null) unattackable.set(table.name, { why: error.message, fix });
      else empty.add(table.name);
    }
  }
}

async function insertRows(
  client: pg.ClientBase,
  catalog: Catalog,
  table: Relation,
  tenant: Tenant,
  count: number,
): Promise<void> {
  for (let n = 0; n < count; n++) {
    try {
      const request = { table, tenant, n, shared: n < attackerRows };
      if (n < victimRows - 1 || !(await madeOld(client, catalog, request))) await makeRow(client, catalog, request);
    } catch (error) {
      // One row a tenant, for example.
      if (!(error instanceof NoRowError && error.occupied && (await hasRows(client, table, tenant)))) throw error;
      tenant.full.add(table.name);
      return;
    }
  }
}

/** False where a row cannot be an old one. */
async function madeOld(client: pg.ClientBase, catalog: Catalog, request: RowRequest): Promise<boolean> {
  try {
    await makeRow(client, catalog, { ...request, fixed: pastValues(request.table) });
    return true;
  } catch (error) {
    if (error instanceof NoRowError) return false;
    throw error;
  }
}

/** Made and rolled back: known to fit, so that only the policies can refuse it. */
async function spareRow(client: pg.ClientBase, catalog: Catalog, table: Relation, tenant: Tenant): Promise<Values> {
  if (!tenant.full.has(table.name)) {
    await client.query('savepoint spare');
    try {
      return await makeRow(client, catalog, { table, tenant, n: victimRows + 1, shared: false });
    } catch (error) {
      if (!(error instanceof NoRowError && error.occupied)) throw error;
      tenant.full.add(table.name);
    } finally {
      await client.query('rollback to savepoint spare');
    }
  }
  const written = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  return pick(tenant.rows.get(table.name)?.at(-1) ?? {}, written);
}

async function hasRows(client: pg.ClientBase, table: Relation, tenant: Tenant): Promise<boolean> {
  const { rowCount } = await client.query(`select from ${table.name} where tenant_id = ${literal(tenant.id)} limit 1`);
  return rowCount !== 0;
}

/** Every column as text, and `ctid`. Rows that only this tenant has come last. */
async function readRows(client: pg.ClientBase, table: Relation, tenant: string): Promise<readonly Values[]> {
  const columns = table.columns.map(({ name }) => `${identifier(name)}::text as ${identifier(name)}`);
  const { rows } = await client.query<Values>(
    `select t.ctid::text as ctid, ${columns.join(', ')} from ${table.name} as t where tenant_id = ${literal(tenant)} order by t.ctid`,
  );
  return rows;
}

/** The world as it is in a database that its tenants were moved to. */
export async function readAgain(client: pg.ClientBase, tables: readonly Relation[], world: World): Promise<World> {
  const again = async (tenant: Tenant): Promise<Tenant> => {
    const rows = new Map<string, readonly Values[]>();
    for (const table of tables) rows.set(table.name, await readRows(client, table, tenant.id));
    return { ...tenant, rows };
  };
  const { attacker, victim, bystander } = world;
  return {
    ...world,
    attacker: await again(attacker),
    victim: await again(victim),
    ...(bystander && { bystander: await again(bystander) }),
  };
}

/** A hash of everything that the tenant has, by table; as somebody who may see every row. */
export async function checksum(client: pg.ClientBase, catalog: Catalog, tenant: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const table of catalog.relations) {
    if (table.kind !== 'table' || !table.hasTenant || table.parent !== null) continue;
    const { rows } = await client.query<{ hash: string }>(
      `select count(*) || ' rows, ' || md5(coalesce(string_agg(r::text, E'\\n' order by r::text), '')) as hash
      from ${table.name} as r where tenant_id::text = ${literal(tenant)}`,
    );
    hashes.set(table.name, rows[0]?.hash ?? '');
  }
  return hashes;
}
