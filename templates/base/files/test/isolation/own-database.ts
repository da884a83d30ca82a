import type pg from 'pg';
import type { PostgresServer } from '../../scripts/postgres/start.ts';
import { createTenant, deleteTenant, suspendTenant } from '../../src/platform/tenants.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import { prepareServer, type TestDatabase, type TestServer, withClient } from '../setup/database.ts';
import type { Ground } from './arena.ts';
import { type Catalog, readCatalog, type Relation, tenantTables } from './catalog.ts';
import { readContexts } from './context.ts';
import { SuiteError } from './finding.ts';
import { tableRole } from './homes.ts';
import { createDetector } from './leaks.ts';
import type { Access, Home } from './premises.ts';
import { characterOf, seeEveryRow } from './privileged.ts';
import { attemptsAsLogin, connect } from './session.ts';
import { moveThere } from './strategy/moving.ts';
import { forkGround, openFilling } from './strategy/premises.ts';
import type { Target } from './target.ts';
import { fill, fillFor, fillForOthers, mayHold, newTenant, type Tenant, type World } from './world.ts';

/** Migrates a database and fills it, first with the attacker alone. */
export async function prepareGround({ adminUrl, description, version }: PostgresServer): Promise<Ground> {
  const server = await prepareServer(adminUrl);
  const attacker = newTenant('attacker');
  const unattackable: World['unattackable'] = new Map();
  const empty: World['empty'] = new Set();
  const template = templateOf(server);
  const settler = await settle(template, async ({ admin, create }) => {
    const created = await create(attacker);
    const { catalog, tables } = await readTables(admin);
    await fillFor(admin, catalog, tables, { attacker: created, unattackable, empty }, created);
    return created;
  });
  const alone = { ...server, template: `${server.template}_alone` };
  await withClient(adminUrl, (admin) => forkGround(admin, server.template, alone.template));
  const { world, tables } = await settle(template, async ({ admin, create, platform }) => {
    const [suspended, deleted] = [await create(newTenant('suspended')), await create(newTenant('deleted'))];
    const known = { unattackable, empty };
    const others = async (attacker: Tenant, shut: World['shut']): Promise<World> => ({
      attacker,
      victim: await create(newTenant('victim')),
      bystander: await create(newTenant('bystander')),
      shut,
      ...known,
    });
    const moved = moveThere && (await others(await create(newTenant('mover')), []));
    const world = { ...(await others(settler, [suspended, deleted])), ...(moved && { moved }) };
    const { catalog, tables } = await readTables(admin);
    if (moved !== undefined) await fill(admin, catalog, tables, moved);
    await fillForOthers(admin, catalog, tables, world);
    await suspendTenant(platform, suspended.slug);
    await deleteTenant(platform, deleted.slug);
    return { world, tables };
  });
  const { moved } = world;
  const immovable =
    moved &&
    (await moveThere?.(
      { ...template.environment, DATABASE_ADMIN_URL: template.adminUrl },
      [moved.attacker, moved.victim, moved.bystander].filter((each) => each !== undefined),
    ));
  if (tables.length === 0)
    throw new SuiteError(
      'There is no table with tenant_id: nothing could be attacked. Next: look at db/migrations/tenant.',
    );
  return {
    server,
    alone,
    description,
    version: Number.parseInt(version, 10),
    world: { ...world, ...(immovable !== undefined && { immovable }) },
    tables,
  };
}

interface Seeding {
  readonly admin: pg.Client;
  readonly platform: pg.Client;
  readonly access: Access;
  /** Makes a tenant as the control plane does. */
  readonly create: (tenant: Tenant) => Promise<Tenant>;
}

type Place = Pick<TestDatabase, 'adminUrl' | 'runtimeUrl' | 'platformUrl' | 'environment'>;

const templateOf = ({ adminUrl, template, environment }: TestServer): Place => ({
  adminUrl: Object.assign(new URL(adminUrl), { pathname: `/${template}` }).href,
  runtimeUrl: environment['DATABASE_URL'] ?? '',
  platformUrl: environment['DATABASE_PLATFORM_URL'] ?? '',
  environment,
});

/** Works on a database in one transaction of the administrator; afterwards nobody is connected to it, so that it can be copied. */
export async function settle<T>(place: Place, work: (seeding: Seeding) => Promise<T>): Promise<T> {
  const { platformUrl, environment } = place;
  return await withClient(platformUrl, async (platform) => {
    const { admin, moveIn, moveOut, close, ...access } = await openFilling(place);
    try {
      await seeEveryRow(admin);
      const create = async (tenant: Tenant): Promise<Tenant> => {
        const { tenantId } = await createTenant(platform, { slug: tenant.slug, environment });
        await moveIn(tenantId);
        return { ...tenant, id: tenantId };
      };
      await admin.query('begin');
      const done = await work({ admin, platform, create, access });
      await admin.query('commit');
      await admin.query(refresh);
      await moveOut();
      await admin.query(analyze);
      return done;
    } finally {
      await close();
    }
  });
}

/** They are as old as the rows that they were made of. One that cannot be refreshed stays as it is. */
const refresh = `do $$ declare each regclass; begin
  for each in select oid from pg_class where relkind = 'm' order by oid loop
    begin execute format('refresh materialized view %s', each); exception when others then null; end;
  end loop; end $$`;

/** Not the system's own tables, which are most of the work. */
const analyze = `do $$ declare each regclass; begin
  for each in select oid from pg_class where relkind in ('r', 'p') and oid >= 16384 loop execute format('analyze %s', each); end loop; end $$`;

/** What there is to attack. */
export async function readTables(
  admin: pg.Client,
  runtimeRole = tableRole(templateSchema),
): Promise<Pick<Target, 'catalog' | 'tables'>> {
  const catalog = await readCatalog(admin, runtimeRole);
  return { catalog, tables: tenantTables(catalog) };
}

/** Opens a database that the suite made, as it is now: what a sabotage added is found. */
export async function openOwn(
  { adminUrl, runtimeUrl, runtimeRole }: Home,
  server: string,
  seeded: World,
): Promise<Target> {
  const admin = await connect(adminUrl);
  const login = await connect(runtimeUrl);
  await seeEveryRow(admin);
  const { catalog, tables: every } = await readTables(admin, runtimeRole);
  // Others' tables are like the victim's.
  const tables = every.filter(({ schema }) => mayHold(schema, seeded.attacker) || mayHold(schema, seeded.victim));
  const world = await fillNewTables(admin, catalog, tables, seeded);
  return {
    own: true,
    server,
    runtimeUrl,
    catalog,
    tables,
    world,
    detector: createDetector(world, tables),
    contexts: await readContexts(admin),
    runtimeRole,
    runtime: await characterOf(admin, runtimeRole),
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
