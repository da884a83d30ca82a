import pg from 'pg';
import { createTenant, deleteTenant, suspendTenant } from '../../src/platform/tenants.ts';
import { roles } from '../../src/tenancy/roles.ts';
import type { TestDatabase } from '../setup/database.ts';
import { type Catalog, readCatalog, type Relation, tenantTables } from './catalog.ts';
import { readContexts } from './context.ts';
import { createDetector } from './leaks.ts';
import { characterOf, seeEveryRow } from './privileged.ts';
import { attemptsAsLogin, connect } from './session.ts';
import type { Target } from './target.ts';
import { fill, newTenant, type Tenant, type World } from './world.ts';

/** Schema of the tenant tables. */
export const tenantSchema = 'app';

/** Makes an attacker and a victim as the control plane makes tenants, and fills every table for them. */
export async function seedWorld({
  adminUrl,
  platformUrl,
  environment,
}: Omit<TestDatabase, 'drop'>): Promise<Pick<Target, 'world' | 'tables'>> {
  const platform = new pg.Client({ connectionString: platformUrl });
  await platform.connect();
  const created = async (name: string): Promise<Tenant> => {
    const tenant = newTenant(name);
    const { tenantId } = await createTenant(platform, { slug: tenant.slug, environment });
    return { ...tenant, id: tenantId };
  };
  const admin = await connect(adminUrl);
  try {
    const world: World = {
      attacker: await created('attacker'),
      victim: await created('victim'),
      bystander: await created('bystander'),
      shut: [await created('suspended'), await created('deleted')],
      unattackable: new Map(),
      empty: new Set(),
    };
    await seeEveryRow(admin);
    const catalog = await readCatalog(admin, roles.runtime);
    await admin.query('begin');
    const tables = tenantTables(catalog, tenantSchema);
    await fill(admin, catalog, tables, world);
    await admin.query('commit');
    await admin.query('analyze');
    const [suspended, deleted] = world.shut as [Tenant, Tenant];
    await suspendTenant(platform, suspended.slug);
    await deleteTenant(platform, deleted.slug);
    return { world, tables };
  } finally {
    await admin.end();
    await platform.end();
  }
}

/** Opens a database that the suite made, as it is now: what a sabotage added is found. */
export async function openOwn(database: TestDatabase, server: string, seeded: World): Promise<Target> {
  const admin = await connect(database.adminUrl);
  const login = await connect(database.runtimeUrl);
  await seeEveryRow(admin);
  const catalog = await readCatalog(admin, roles.runtime);
  const tables = tenantTables(catalog, tenantSchema);
  const world = await fillNewTables(admin, catalog, tables, seeded);
  return {
    own: true,
    server,
    runtimeUrl: database.runtimeUrl,
    catalog,
    tables,
    world,
    detector: createDetector(world, tables),
    contexts: await readContexts(admin),
    runtimeRole: roles.runtime,
    runtime: await characterOf(admin, roles.runtime),
    admin,
    login,
    attempt: attemptsAsLogin(login),
    close: async () => {
      await Promise.all([admin.end(), login.end()]);
    },
  };
}

/** Tables that came after the world was made get their rows now. */
async function fillNewTables(
  admin: pg.Client,
  catalog: Catalog,
  tables: readonly Relation[],
  world: World,
): Promise<World> {
  const missing = tables.filter(({ name }) => !world.attacker.rows.has(name));
  if (missing.length === 0) return world;
  const copy = (tenant: Tenant): Tenant => ({
    ...tenant,
    rows: new Map(tenant.rows),
    spare: new Map(tenant.spare),
    full: new Set(tenant.full),
  });
  const copied: World = {
    ...world,
    attacker: copy(world.attacker),
    victim: copy(world.victim),
    unattackable: new Map(world.unattackable),
    empty: new Set(world.empty),
  };
  await admin.query('begin');
  await fill(admin, catalog, missing, copied);
  await admin.query('commit');
  return copied;
}
