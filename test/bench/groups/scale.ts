import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { backendCpu, compare, median, type Operation } from '../harness.ts';
import type { Figure, Group } from '../report.ts';
import {
  connections,
  createWorld,
  type Database,
  drawTargets,
  expectRows,
  lanes,
  rotating,
  seedProjects,
  startServer,
  type Statement,
  type Tenant,
  type World,
  zipf,
} from '../world.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

/** What many tenants and large ones cost. */
export const scale: Group = {
  about: 'many tenants, large tenants, plans, inserts, provisioning, memory',
  measure: async () => {
    const server = await startServer();
    const worlds: World[] = [];
    const world = async () => {
      const made = await createWorld(server, 'sealed');
      worlds.push(made);
      return made;
    };
    try {
      const large = await world();
      const tenants = await seedProjects(large.admin, zipf(1_000_000, 1000));
      const figures = [
        ...(await numbersOfTenants([await world(), await world()])),
        ...(await lists(large, tenants)),
        ...(await plans(large, tenants)),
        ...(await inserts('insert by query(), throughput', large, tenants)),
        ...(await plainInserts(server)),
        ...(await durableInserts()),
        ...(await provisioning(large)),
        ...(await memory(large, tenants)),
      ];
      return { setting: `${server.description}; sealed context, ${connections} connections, ${lanes} lanes`, figures };
    } finally {
      for (const each of worlds) await each.close();
      await server.stop();
    }
  },
};

const point = 'select id, name, created_at, updated_at, version from app.projects where tenant_id = $1 and id = $2';

/** The same number of rows, of few tenants and of many. */
async function numbersOfTenants([few, many]: readonly [World, World]): Promise<Figure[]> {
  const rows = 500_000;
  const reader = async (world: World, tenants: number) => {
    const all = await seedProjects(
      world.admin,
      Array.from({ length: tenants }, () => rows / tenants),
    );
    const next = rotating(await drawTargets(world.admin, all, 20_000));
    const database = await world.open();
    const read: Operation = async () => {
      const { tenant, id } = next();
      expectRows(await world.runAs(tenant, () => database.query({ text: point, values: [tenant.id, id] })), 1);
    };
    await Promise.all(Array.from({ length: connections * 50 }, read));
    return read;
  };
  const [ten, hundredThousand] = [await reader(few, 10), await reader(many, 100_000)];
  const { cpu, throughput } = await compare(ten, hundredThousand, {
    clients: 32,
    otherCpu: await backendCpu(many.admin),
  });
  return [
    {
      name: '100,000 tenants against 10, CPU of query()',
      value: cpu,
      unit: 'x',
      atMost: 1.15,
      note: `throughput ${throughput.toFixed(2)}x; ${rows} rows`,
    },
  ];
}

interface Projects {
  readonly selectProjects: (connection: unknown, query: object) => Promise<{ readonly items: readonly object[] }>;
}

/** The statement that a call of the application's own repository sends. */
async function sentBy(world: World, tenant: Tenant, query: object): Promise<Statement> {
  let caught: Statement | undefined;
  const database = await world.open({ sent: (statement) => (caught = statement) });
  const { selectProjects } = await world.application.load<Projects>('src/modules/projects/repository.ts');
  await world.runAs(tenant, () => selectProjects(database.reader, { limit: 20, sort: '-createdAt', ...query }));
  if (caught === undefined) throw new Error('no statement was sent');
  return caught;
}

/** Each as the application sends it, against the very same statement in a pool that policies do not bind. */
async function lists(world: World, tenants: readonly Tenant[]): Promise<Figure[]> {
  const [whale] = tenants as [Tenant, ...Tenant[]];
  const database = await world.open();
  const pool = world.unbound();
  const kinds = {
    'list of 20, newest first': {},
    'list of 20 by name': { sort: 'name' },
    'search by a beginning': { q: 'project a1' },
  };
  const figures: Figure[] = [];
  for (const [name, query] of Object.entries(kinds)) {
    const statement = await sentBy(world, whale, query);
    const named = { name, text: statement.text, values: [...(statement.values ?? [])] };
    const unisolated: Operation = () => pool.query(named);
    const isolated: Operation = () => world.runAs(whale, () => database.query(statement));
    for (const warm of [unisolated, isolated]) await Promise.all(Array.from({ length: connections * 10 }, warm));
    const { cpu, p50, throughput } = await compare(unisolated, isolated, {
      clients: connections,
      otherCpu: await backendCpu(world.admin),
    });
    const note = `p50 ${p50.toFixed(2)}x, throughput ${throughput.toFixed(2)}x`;
    figures.push({ name: `tenant of 133,000 rows: ${name}, CPU`, value: cpu, unit: 'x', atMost: 1.5, note });
  }
  return figures;
}

/** A small tenant on connections that planned for a large one, against connections that never saw another. */
async function plans(world: World, tenants: readonly Tenant[]): Promise<Figure[]> {
  const [whale] = tenants as [Tenant, ...Tenant[]];
  const small = tenants.at(-1) as Tenant;
  const [warmed, fresh] = [await world.open(), await world.open()];
  const figures: Figure[] = [];
  for (const [name, query] of Object.entries({ list: {}, search: { q: 'project a' } })) {
    const [ofWhale, ofSmall] = [await sentBy(world, whale, query), await sentBy(world, small, query)];
    const as = (database: Database, tenant: Tenant, statement: Statement): Operation => {
      return () => world.runAs(tenant, () => database.query(statement));
    };
    // More often than a server plans for the values that it is given.
    await Promise.all(Array.from({ length: connections * 10 }, as(warmed, whale, ofWhale)));
    await Promise.all(Array.from({ length: connections * 10 }, as(fresh, small, ofSmall)));
    const { cpu, p50 } = await compare(as(fresh, small, ofSmall), as(warmed, small, ofSmall), {
      clients: connections,
      otherCpu: await backendCpu(world.admin),
    });
    figures.push({
      name: `small tenant after a large one: ${name}, CPU`,
      value: cpu,
      unit: 'x',
      atMost: 1.25,
      note: `p50 ${p50.toFixed(2)}x`,
    });
  }
  return figures;
}

async function plainInserts(server: Server): Promise<Figure[]> {
  return await insertsInto(await createWorld(server, 'plain'), 'the same, plain context');
}

/** On a server that waits for its disk, as those do that keep what they are given. */
async function durableInserts(): Promise<Figure[]> {
  const server = await startServer({ durable: true });
  try {
    return await insertsInto(await createWorld(server, 'sealed'), 'the same, on a server that waits for its disk');
  } finally {
    await server.stop();
  }
}

async function insertsInto(world: World, name: string): Promise<Figure[]> {
  try {
    return await inserts(name, world, await seedProjects(world.admin, zipf(100_000, 1000)));
  } finally {
    await world.close();
  }
}

async function inserts(name: string, world: World, tenants: readonly Tenant[]): Promise<Figure[]> {
  const text = 'insert into app.projects (tenant_id, id, name) values ($1, gen_random_uuid(), $2)';
  const pool = world.unbound();
  const database = await world.open();
  const next = rotating(tenants);
  const unisolated: Operation = () => pool.query({ name: 'insert', text, values: [next().id, 'bench'] });
  const isolated: Operation = () => {
    const tenant = next();
    return world.runAs(tenant, () => database.query({ text, values: [tenant.id, 'bench'] }));
  };
  for (const warm of [unisolated, isolated]) await Promise.all(Array.from({ length: connections * 10 }, warm));
  const { cpu, throughput } = await compare(unisolated, isolated, {
    clients: 32,
    otherCpu: await backendCpu(world.admin),
  });
  return [{ name, value: throughput, unit: 'x', atLeast: 0.85, note: `CPU ${cpu.toFixed(2)}x` }];
}

/** By the function behind `npm run tenant -- create`. */
async function provisioning(world: World): Promise<Figure[]> {
  const { createTenant } = await world.application.load<{
    createTenant: (client: unknown, input: object) => Promise<object>;
  }>('src/platform/tenants.ts');
  const client = new world.application.pg.Client({ connectionString: world.test.platformUrl });
  await client.connect();
  try {
    const cpu = await backendCpu(world.admin);
    const milliseconds: number[] = [];
    for (let count = 0; count < 60; count++) {
      const before = cpu();
      await createTenant(client, { slug: `new-${count}`, environment: world.test.environment });
      milliseconds.push((cpu() - before) / 1000);
    }
    return [
      {
        name: 'a new tenant, time of the database',
        value: median(milliseconds.slice(10)),
        unit: 'ms',
        atMost: 2,
        note: 'CPU of its server process',
      },
    ];
  } finally {
    await client.end();
  }
}

/** The heap after many requests, and the connections that they were on. */
async function memory(world: World, tenants: readonly Tenant[]): Promise<Figure[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const database = await world.open();
  const next = rotating(await drawTargets(world.admin, tenants));
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  let most = 0;
  const requests = async (count: number) => {
    let left = count;
    const client = async () => {
      while (left-- > 0) {
        const { tenant, id } = next();
        const way = left % 2 === 0 ? database.query : database.read;
        expectRows(await world.runAs(tenant, () => way({ text: point, values: [tenant.id, id] })), 1);
        most = Math.max(most, database.load().pool.open);
      }
    };
    await Promise.all(Array.from({ length: 64 }, client));
  };
  await requests(20_000);
  const before = heap();
  await requests(100_000);
  return [
    { name: 'heap after 100,000 requests more', value: heap() - before, unit: 'MB', atMost: 2 },
    { name: 'connections of the pool, at most', value: most, unit: '', atMost: connections },
  ];
}
