import { compareSlots, fewestPairs, quantile, type Slot } from '../harness.ts';
import { createGenerator, type Generator, type Served, slotOf } from '../http/generator.ts';
import type { Server } from '../http/server.ts';
import { createSite, itemReads, type Member } from '../http/site.ts';
import type { Figure, Group } from '../report.ts';
import { startServer } from '../world.ts';

const quietTenants = 10;
const times = 50;
/** Milliseconds between an answer and the next request of a client. */
const pause = 50;
const slotMs = 2500;

/** What a tenant that asks for much does to the others. */
export const noisyNeighbour: Group = {
  about: `one tenant with ${times} times the load of each other one: how long the others wait`,
  measure: async () => {
    const postgres = await startServer();
    const generator = createGenerator();
    const site = await createSite(postgres, 'fastify', { tenants: quietTenants + 1, projects: 1000 });
    try {
      const server = await site.start('isolated', { TENANT_CONCURRENT_REQUESTS: '50' });
      const paced = await measure(server, generator, site.members, pause);
      const hasty = await measure(server, generator, site.members, 0);
      return {
        setting: `${postgres.description}; Fastify, one row by its id; ${quietTenants} tenants with one client each that asks again ${pause} ms after an answer, more or less; of another tenant one such client, against ${times}`,
        figures: [
          ...figuresOf(`${times} clients at the same pace`, paced, 1.5),
          ...figuresOf(`${times} clients that ask again at once`, hasty),
        ],
      };
    } finally {
      await site.close();
      generator.close();
      await postgres.stop();
    }
  },
};

interface Pair {
  readonly baseline: Slot;
  readonly subject: Slot;
  /** Requests a second of the noisy tenant, answered and refused. */
  readonly answered: number;
  readonly refused: number;
}

/** What the quiet tenants get while the noisy one is quiet too, and while it is not. */
async function measure(
  server: Server,
  generator: Generator,
  [noisy, ...quiet]: readonly Member[],
  noisyPause: number,
): Promise<readonly Pair[]> {
  const quietRequests = itemReads(quiet, 'API key');
  const noisyRequests = itemReads([noisy as Member], 'API key');
  const slot = async (clients: number, between: number) => {
    const before = await server.cpu();
    const [others, own] = (await generator.send({
      port: server.port,
      ms: slotMs,
      parties: [
        { clients: quietTenants, requests: quietRequests, pause },
        { clients, requests: noisyRequests, pause: between, refusals: [429] },
      ],
    })) as [Served, Served];
    return { own, slot: slotOf(others, (await server.cpu()) - before) };
  };
  const alone = () => slot(1, pause);
  const beside = () => slot(times, noisyPause);
  await alone();
  await beside();
  const pairs: Pair[] = [];
  for (let pair = 0; pair < fewestPairs; pair++) {
    const first = pair % 2 === 0 ? await alone() : undefined;
    const subject = await beside();
    const baseline = first ?? (await alone());
    const { own } = subject;
    pairs.push({
      baseline: baseline.slot,
      subject: subject.slot,
      answered: own.latencies.length / own.seconds,
      refused: own.refused / own.seconds,
    });
  }
  return pairs;
}

function figuresOf(name: string, pairs: readonly Pair[], atMost?: number): Figure[] {
  const { p50, p99, absolute } = compareSlots(pairs);
  const middle = (of: (pair: Pair) => number) =>
    Math.round(
      quantile(
        pairs.map(of).sort((a, b) => a - b),
        0.5,
      ),
    );
  const sent = `${middle(({ answered }) => answered)} answered and ${middle(({ refused }) => refused)} refused a second`;
  const note = (which: 'p50' | 'p99') =>
    `${absolute.baseline[which].toFixed(1)} and ${absolute.subject[which].toFixed(1)} ms`;
  return [
    {
      name: `${name}: p99 of the others`,
      value: p99,
      unit: 'x',
      ...(atMost !== undefined && { atMost }),
      note: `${note('p99')}; ${sent}`,
    },
    { name: `${name}: p50 of the others`, value: p50, unit: 'x', note: note('p50') },
  ];
}
