import { setTimeout as pause } from 'node:timers/promises';
import { backendCpu, compare, type Comparison, type Load, type Operation } from '../harness.ts';
import { createNetwork } from '../network.ts';
import type { Figure, Group } from '../report.ts';
import {
  connections,
  type Context,
  createWorld,
  type Database,
  drawTargets,
  expectRows,
  lanes,
  rotating,
  seedProjects,
  startServer,
  type Target,
  type World,
  zipf,
} from '../world.ts';

/** What isolation costs below HTTP: one row by its id, with and without. */
export const dataLayer: Group = {
  about: 'one statement as a tenant against the same without isolation',
  measure: async () => {
    const server = await startServer();
    try {
      const figures = [...(await inContext(server, 'plain')), ...(await inContext(server, 'sealed'))];
      return { setting: `${server.description}; ${setting}`, figures };
    } finally {
      await server.stop();
    }
  },
};

const rows = 1_000_000;
const tenants = 1000;
const clients = 32;
const setting = `one row of ${rows} by its id, ${tenants} tenants (Zipf), ${clients} clients, ${connections} connections, ${lanes} lanes; against named pool.query of pg without policies unless it says otherwise`;

const text = 'select id, name, created_at, updated_at, version from app.projects where tenant_id = $1 and id = $2';

const goals = {
  plain: { query: 0.9, read: 1.25 },
  sealed: { query: 0.75, read: 1.05 },
} as const;

async function inContext(server: Awaited<ReturnType<typeof startServer>>, context: Context): Promise<Figure[]> {
  const world = await createWorld(server, context);
  try {
    const all = await seedProjects(world.admin, zipf(rows, tenants));
    const targets = await drawTargets(world.admin, all);
    return [
      ...(await throughput(world, targets)),
      ...(await wire(world, targets)),
      ...(await withDelay(world, targets)),
    ].map((figure) => ({ ...figure, name: `${context}: ${figure.name}` }));
  } finally {
    await world.close();
  }
}

async function throughput(world: World, targets: readonly Target[]): Promise<Figure[]> {
  const database = await world.open();
  const baseline = unisolated(world, targets);
  const ways = isolated(world, database, targets);
  const tutorial = inTransaction(world, targets, world.test.runtimeUrl);
  const next = rotating(targets);
  const { findProject } = await world.application.load<{
    findProject: (connection: unknown, id: string) => Promise<object | undefined>;
  }>('src/modules/projects/repository.ts');
  const byKysely: Operation = async () => {
    const { tenant, id } = next();
    if ((await world.runAs(tenant, () => findProject(database.reader, id))) === undefined) throw new Error('no row');
  };
  for (const warm of [baseline, ways.query, ways.read, tutorial, byKysely])
    await Promise.all(Array.from({ length: clients * 4 }, warm));
  const load: Load = { clients, otherCpu: await backendCpu(world.admin) };
  const [query, read, slow] = [
    await compare(baseline, ways.query, load),
    await compare(baseline, ways.read, load),
    await compare(baseline, tutorial, load),
  ];
  const goal = goals[world.context];
  return [
    { name: 'query(), throughput', ...ratio(query), atLeast: goal.query },
    { name: 'query(), CPU', value: query.cpu, unit: 'x', ...(world.context === 'plain' && { atMost: 1.25 }) },
    { name: 'read(), throughput', ...ratio(read), atLeast: goal.read },
    { name: 'read(), CPU', value: read.cpu, unit: 'x', ...(world.context === 'plain' && { atMost: 1.25 }) },
    { name: 'BEGIN, context, statement, COMMIT', ...ratio(slow) },
    { name: 'query() against those four', ...ratio(await compare(tutorial, ways.query, load)), atLeast: 3 },
    { name: 'read() against those four', ...ratio(await compare(tutorial, ways.read, load)), atLeast: 3 },
    { name: 'Kysely on read() against read()', ...ratio(await compare(ways.read, byKysely, load)), atLeast: 0.75 },
  ];
}

/** Round trips as a network in between sees them, once everything is prepared. */
async function wire(world: World, targets: readonly Target[]): Promise<Figure[]> {
  const network = await createNetwork(world.test.runtimeUrl);
  const database = await world.open({ url: network.through(world.test.runtimeUrl) });
  const { tenant, id } = targets[0] as Target;
  const statement = { text, values: [tenant.id, id] };
  const { CompiledQuery } = await kysely(world);
  const steps: Record<string, { readonly work: Operation; readonly exactly: number }> = {
    'round trips of query()': { work: () => database.query(statement), exactly: 1 },
    'round trips of read()': { work: () => database.read(statement), exactly: 1 },
    'round trips of a transaction of 3 statements': {
      work: () =>
        database.transaction(async (connection) => {
          for (let count = 0; count < 3; count++)
            await connection.executeQuery(CompiledQuery.raw(statement.text, statement.values));
        }),
      exactly: 4,
    },
  };
  try {
    const figures: Figure[] = [];
    for (const [name, { work, exactly }] of Object.entries(steps)) {
      const once = () => world.runAs(tenant, work);
      // Every lane has prepared it then.
      for (let count = 0; count < lanes; count++) await Promise.all(Array.from({ length: lanes }, once));
      // A connection that somebody else's made unnecessary may still be on its way.
      while (database.load().pool.idle < database.load().pool.open) await pause(1);
      const before = await network.roundTrips();
      for (let count = 0; count < 10; count++) await once();
      const value = ((await network.roundTrips()) - before) / 10;
      figures.push({ name, value, unit: '', atLeast: exactly, atMost: exactly });
    }
    return figures;
  } finally {
    await database.close();
    network.close();
  }
}

interface Compiled {
  readonly CompiledQuery: { readonly raw: (sql: string, parameters: readonly unknown[]) => object };
}

async function kysely(world: World): Promise<Compiled> {
  return await world.application.load<Compiled>('node_modules/kysely/dist/esm/index.js');
}

async function withDelay(world: World, targets: readonly Target[]): Promise<Figure[]> {
  const network = await createNetwork(world.test.runtimeUrl, 0.5);
  const baseline = unisolated(world, targets, network.through(world.test.adminUrl));
  const runtime = network.through(world.test.runtimeUrl);
  const ways = isolated(world, await world.open({ url: runtime }), targets);
  const tutorial = inTransaction(world, targets, runtime);
  const load: Load = { clients: 1, slotMs: 200 };
  try {
    return [
      latency('query() over 0.5 ms of network', await compare(baseline, ways.query, load), 1.2),
      latency('read() over 0.5 ms of network', await compare(baseline, ways.read, load), 1.2),
      latency('BEGIN, context, statement, COMMIT over it', await compare(baseline, tutorial, load)),
    ];
  } finally {
    network.close();
  }
}

/** What anybody would write without isolation who knows pg: a pool, a named statement, the tenant as a condition. */
function unisolated(world: World, targets: readonly Target[], url?: string): Operation {
  const pool = world.unbound(url);
  const next = rotating(targets);
  return async () => {
    const { tenant, id } = next();
    expectRows(await pool.query({ name: 'point', text, values: [tenant.id, id] }), 1);
  };
}

function isolated(
  world: World,
  database: Database,
  targets: readonly Target[],
): Readonly<Record<'query' | 'read', Operation>> {
  const next = rotating(targets);
  const by = (way: 'query' | 'read') => async () => {
    const { tenant, id } = next();
    expectRows(await world.runAs(tenant, () => database[way]({ text, values: [tenant.id, id] })), 1);
  };
  return { query: by('query'), read: by('read') };
}

/** The way of the tutorials: four statements, each waiting for the one before. */
function inTransaction(world: World, targets: readonly Target[], url: string): Operation {
  const pool = world.unbound(url);
  const next = rotating(targets);
  return async () => {
    const { tenant, id } = next();
    const client = await pool.connect();
    try {
      await client.query('begin');
      for (const setting of world.settings(tenant)) await client.query('select set_config($1, $2, true)', [...setting]);
      const result = await client.query({ name: 'point', text, values: [tenant.id, id] });
      await client.query('commit');
      expectRows(result, 1);
    } finally {
      client.release();
    }
  };
}

function ratio({ throughput: value, spread, absolute }: Comparison): Pick<Figure, 'value' | 'unit' | 'note'> {
  const [low, high] = spread.map((part) => part.toFixed(2));
  const perSecond = (slot: { readonly throughput: number }) => Math.round(slot.throughput);
  return {
    value,
    unit: 'x',
    note: `half of the pairs ${low}-${high}; ${perSecond(absolute.baseline)} and ${perSecond(absolute.subject)} a second`,
  };
}

function latency(name: string, { p50, absolute }: Comparison, atMost?: number): Figure {
  const note = `${absolute.baseline.p50.toFixed(2)} and ${absolute.subject.p50.toFixed(2)} ms`;
  return { name: `${name}, p50`, value: p50, unit: 'x', ...(atMost !== undefined && { atMost }), note };
}
