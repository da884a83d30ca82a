import { backendCpu, type Comparison, compareSlots, fewestPairs, quantile, type Slot } from '../harness.ts';
import { createGenerator, type Generator, type Served } from '../http/generator.ts';
import type { Server } from '../http/server.ts';
import { createSite, type Credential, itemReads, type Site } from '../http/site.ts';
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
      const compare = await comparing(site, generator, credential);
      for (const server of [isolated, unisolated, tutorial]) await compare.warm(server);
      const against = await compare.slots(unisolated, isolated);
      const tutorials = await compare.slots(tutorial, isolated);
      figures.push(
        { name: `${credential}: requests a second`, ...throughput(against), atLeast: 0.9 },
        { name: `${credential}: p99`, ...latency(against, 'p99'), atMost: 1.2 },
        { name: `${credential}: p50`, ...latency(against, 'p50') },
        { name: `${credential}: CPU of a request`, value: against.cpu, unit: 'x', note: microseconds(against) },
        { name: `${credential}: requests a second, against four round trips`, ...throughput(tutorials), atLeast: 2.5 },
        {
          name: `${credential}: CPU, against four round trips`,
          value: tutorials.cpu,
          unit: 'x',
          note: microseconds(tutorials),
        },
      );
    }
    return figures.map((figure) => ({ ...figure, name: `${framework}, ${figure.name}` }));
  } finally {
    await site.close();
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

function slotOf({ latencies, seconds }: Served, cpu: number): Slot {
  const sorted = [...latencies].sort((a, b) => a - b);
  return {
    operations: sorted.length,
    throughput: sorted.length / seconds,
    cpu: cpu / sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
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
