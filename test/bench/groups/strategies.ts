import { loadavg } from 'node:os';
import type { Figure, Group } from '../report.ts';
import { migrations } from '../strategies/migrations.ts';
import { createTenants, makeReady, type PlaceStrategy } from '../strategies/place.ts';
import { cold, fromReady } from '../strategies/provisioning.ts';
import { reads } from '../strategies/reads.ts';
import { databases } from '../strategies/databases.ts';
import { schemas } from '../strategies/schemas.ts';
import { connections, createWorld, lanes, startServer, type PostgresServer, type Tenant } from '../world.ts';

const places: readonly PlaceStrategy[] = [schemas, databases];

/** What it costs that each tenant has a schema or a database of its own. */
export const strategies: Group = {
  about: 'schemas and databases of tenants: reads, provisioning, migrations, memory',
  measure: async () => {
    const before = loadavg()[0] as number;
    const figures: Figure[] = [];
    const servers = [await startServer(), await startServer({ durable: true })] as const;
    try {
      for (const subject of places) {
        const measured = [
          ...(await onQuick(servers[0], subject)),
          ...(await inPlainContext(servers[0], subject)),
          ...(await onDurable(servers[1], subject)),
        ];
        figures.push(...measured.map((figure) => ({ ...figure, name: `${subject.kind}: ${figure.name}` })));
      }
      const setting = `${servers[0].description}; sealed context unless it says otherwise; schemas by ${connections} connections and ${lanes} lanes, each database by as many as a new repository gives it; reads against named pool.query of pg without isolation; load of the machine before it ${before.toFixed(1)}`;
      return { setting, figures };
    } finally {
      for (const server of servers) await server.stop();
    }
  },
};

/** On a server that does not wait for its disk. */
async function onQuick(server: PostgresServer, subject: PlaceStrategy): Promise<Figure[]> {
  const world = await createWorld(server, 'sealed', 'fastify', subject.strategy);
  try {
    const tenants: Tenant[] = [];
    const most = Math.max(...subject.tenants.reads);
    await makeReady(world, most);
    await createTenants(world, tenants, most);
    return [
      ...(await reads(world, subject, tenants)),
      ...((await subject.others?.(world, tenants)) ?? []),
      ...(await fromReady(world, subject, tenants)),
      ...(await cold(world, subject, 'on a server that does not wait for its disk')),
    ];
  } finally {
    await world.close();
  }
}

/** The reads once more where the policies believe the context without a seal. */
async function inPlainContext(server: PostgresServer, subject: PlaceStrategy): Promise<Figure[]> {
  const world = await createWorld(server, 'plain', 'fastify', subject.strategy);
  try {
    const tenants: Tenant[] = [];
    const [count] = subject.tenants.reads as [number, ...number[]];
    await makeReady(world, count);
    await createTenants(world, tenants, count);
    const figures = await reads(world, subject, tenants);
    return figures.map((figure) => ({ ...figure, name: `${figure.name}, plain context` }));
  } finally {
    await world.close();
  }
}

/** On one that waits for its disk, as those do that keep what they are given. */
async function onDurable(server: PostgresServer, subject: PlaceStrategy): Promise<Figure[]> {
  const world = await createWorld(server, 'sealed', 'fastify', subject.strategy);
  try {
    return [
      ...(await fromReady(world, subject, [])).map((figure) => ({ ...figure, name: `${figure.name}, durable` })),
      ...(await cold(world, subject, 'durable')),
      ...(await migrations(world, subject, 'durable')),
    ];
  } finally {
    await world.close();
  }
}
