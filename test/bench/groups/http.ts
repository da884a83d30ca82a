import { backendCpu, compare, type Comparison, compareSlots, fewestPairs, type Slot } from '../harness.ts';
import { createGenerator, type Generator, type Served, slotOf } from '../http/generator.ts';
import type { Server } from '../http/server.ts';
import { createSite, type Credential, itemReads, type Member, type Site } from '../http/site.ts';
import { createNetwork } from '../network.ts';
import type { Figure, Group } from '../report.ts';
import { connections, type Framework, lanes, type PostgresServer, startServer } from '../world.ts';

const tenants = 100;
const projects = 1000;
const clients = 32;
const slotMs = 1000;

/** What isolation costs a request: one row by its id, by way of the whole application. */
export const http: Group = {
  about: 'a request for one row against the same application without isolation, and isolated as tutorials do it',
  measure: async () => {
    const postgres = await startServer();
    const generator = createGenerator();
    try {
      const figures = [
        ...(await withFramework('fastify', postgres, generator)),
        ...(await withFramework('express', postgres, generator)),
      ];
      const setting = `${postgres.description}; one of ${tenants * projects} rows by its id, ${tenants} tenants, ${clients} clients, ${connections} connections, ${lanes} lanes; sealed context; against the same application on a pool of pg with named statements and no policies unless it says otherwise`;
      return { setting, figures };
    } finally {
      generator.close();
      await postgres.stop();
    }
  },
};

async function withFramework(framework: Framework, postgres: PostgresServer, generator: Generator): Promise<Figure[]> {
  const site = await createSite(postgres, framework, { tenants, projects });
  try {
    const [isolated, unisolated, tutorial] = [
      await site.start('isolated'),
      await site.start('unisolated'),
      await site.start('four round trips'),
    ];
    const figures: Figure[] = [];
    for (const credential of ['API key', 'JWT'] as const) {
      const against = await comparing(site, generator, credential);
      for (const server of [isolated, unisolated, tutorial]) await against.warm(server);
      const free = await against.slots(unisolated, isolated);
      const tutorials = await against.slots(tutorial, isolated);
      figures.push(
        { name: `${credential}: requests a second`, ...throughput(free), atLeast: 0.9 },
        { name: `${credential}: p99`, ...latency(free, 'p99'), atMost: 1.2 },
        { name: `${credential}: p50`, ...latency(free, 'p50') },
        { name: `${credential}: CPU of a request`, value: free.cpu, unit: 'x', note: microseconds(free) },
        { name: `${credential}: requests a second, against four round trips`, ...throughput(tutorials), atLeast: 2.5 },
        {
          name: `${credential}: CPU, against four round trips`,
          value: tutorials.cpu,
          unit: 'x',
          note: microseconds(tutorials),
        },
      );
    }
    if (framework === 'fastify') figures.push(...(await sideBySide(site)));
    return figures.map((figure) => ({ ...figure, name: `${framework}, ${figure.name}` }));
  } finally {
    await site.close();
  }
}

/** Three reads of one request, as its handler sends them, over a network. */
async function sideBySide({ world, members: [member] }: Site): Promise<Figure[]> {
  const {
    id: tenant,
    slug,
    projects: [project],
  } = member as Member;
  const network = await createNetwork(world.test.runtimeUrl, 5);
  const database = await world.open({ url: network.through(world.test.runtimeUrl) });
  const { findProject, selectProjects } = await world.application.load<{
    findProject: (connection: unknown, id: string | undefined) => Promise<object | undefined>;
    selectProjects: (connection: unknown, query: object) => Promise<object>;
  }>('src/modules/projects/repository.ts');
  const find = () => findProject(database.reader, project);
  const list = () => selectProjects(database.reader, { limit: 20, sort: '-createdAt' });
  const one = () => world.runAs({ id: tenant, slug }, list);
  const three = () => world.runAs({ id: tenant, slug }, () => Promise.all([list(), find(), find()]));
  try {
    const { p50, absolute } = await compare(one, three, { clients: 1, slotMs: 200 });
    const count = 20;
    const before = await network.roundTrips();
    for (let each = 0; each < count; each++) await three();
    const turns = ((await network.roundTrips()) - before) / count;
    return [
      {
        name: 'three reads of a request at once against one, p50 over 5 ms of network',
        value: p50,
        unit: 'x',
        atMost: 1.5,
        note: `${absolute.baseline.p50.toFixed(1)} and ${absolute.subject.p50.toFixed(1)} ms; one after the other it would be 3`,
      },
      { name: 'their round trips, each on a connection of its own', value: turns, unit: '', atMost: 3 },
    ];
  } finally {
    await database.close();
    network.close();
  }
}

async function comparing(site: Site, generator: Generator, credential: Credential) {
  const backends = await backendCpu(site.world.admin);
  const requests = itemReads(site.members, credential);
  const slot = async (server: Server, ms = slotMs): Promise<Slot> => {
    const before = (await server.cpu()) + backends();
    const [served] = (await generator.send({ port: server.port, ms, parties: [{ clients, requests }] })) as [Served];
    return slotOf(served, (await server.cpu()) + backends() - before);
  };
  return {
    warm: (server: Server) => slot(server, 3000),
    slots: async (baseline: Server, subject: Server): Promise<Comparison> => {
      const measured: { readonly baseline: Slot; readonly subject: Slot }[] = [];
      for (let pair = 0; pair < fewestPairs; pair++) {
        if (pair % 2 === 0) {
          const first = await slot(baseline);
          measured.push({ baseline: first, subject: await slot(subject) });
        } else {
          const first = await slot(subject);
          measured.push({ subject: first, baseline: await slot(baseline) });
        }
      }
      return compareSlots(measured);
    },
  };
}

function throughput({ throughput: value, spread, absolute }: Comparison): Pick<Figure, 'value' | 'unit' | 'note'> {
  const [low, high] = spread.map((part) => part.toFixed(2));
  const { baseline, subject } = absolute;
  const both = `${Math.round(baseline.throughput)} and ${Math.round(subject.throughput)} a second`;
  return { value, unit: 'x', note: `half of the pairs ${low}-${high}; ${both}` };
}

function latency({ absolute, ...ratio }: Comparison, which: 'p50' | 'p99'): Pick<Figure, 'value' | 'unit' | 'note'> {
  const { baseline, subject } = absolute;
  return { value: ratio[which], unit: 'x', note: `${baseline[which].toFixed(1)} and ${subject[which].toFixed(1)} ms` };
}

const microseconds = ({ absolute: { baseline, subject } }: Comparison): string =>
  `${Math.round(baseline.cpu)} and ${Math.round(subject.cpu)} microseconds`;
