import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Connections } from '../../src/tenancy/connections.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
beforeAll(async () => {
  world = await createTwoTenants({ poolSize: 1 });
});
afterAll(() => world.drop());

const opened: Connections[] = [];
afterEach(() => Promise.all(opened.splice(0).map((connections) => connections.close())));

/** Connections of a pool with so many, at most. */
function open(max: number, url = world.test.runtimeUrl): Connections {
  const pool = new pg.Pool({ connectionString: url, max, pipeline: true });
  const connections = new Connections(pool, { named: true, isReusable: ({ reusable }) => reusable });
  opened.push(connections);
  return connections;
}

const backend = { text: 'select pg_catalog.pg_backend_pid() as pid' };
const pid = async (connections: Connections) => (await connections.run<{ pid: number }>(() => [backend])).rows[0]?.pid;

describe('connections', () => {
  it('serve whoever waits, in the order of asking, on no more connections than there may be', async () => {
    const connections = open(2);
    const order: number[] = [];
    const pids = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const found = await connections.run<{ pid: number }>(() => {
          order.push(index);
          return [backend];
        });
        return found.rows[0]?.pid;
      }),
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(connections.load.open).toBeLessThanOrEqual(2);
    expect(connections.load.waiting).toBe(0);
  });

  it('serve nobody while they are lent', async () => {
    const connections = open(1);
    const order: string[] = [];
    await Promise.all([
      connections.lend(async (session) => {
        await session.run([{ text: 'begin' }]);
        await session.run([{ text: 'commit' }]);
        order.push('lent');
      }),
      connections.run(() => [backend]).then(() => order.push('next')),
    ]);
    expect(order).toEqual(['lent', 'next']);
  });

  it('replace one that is not to be used again, and whoever waits gets the other', async () => {
    const connections = open(1);
    const [first, opening, after] = await Promise.all([
      pid(connections),
      connections.run(() => [{ text: '/* harmless */ begin' }]),
      pid(connections),
    ]);
    expect(opening.command).toBe('BEGIN');
    expect(after).not.toBe(first);
  });

  it('replace one that was retired', async () => {
    const connections = open(1);
    const retired = connections.run<{ pid: number }>((session) => {
      session.retire();
      return [backend];
    });
    const after = pid(connections);
    expect(await after).not.toBe((await retired).rows[0]?.pid);
  });

  it('go on when a flight cannot be made or sent', async () => {
    const connections = open(1);
    const before = await pid(connections);
    const failing = connections.run(() => {
      throw new Error('no flight');
    });
    await expect(failing).rejects.toThrow('no flight');
    expect(await pid(connections)).toBe(before);
  });

  it('tell everybody who waits when there is no server', async () => {
    const connections = open(2, 'postgresql://nobody@127.0.0.1:1/none');
    const start = performance.now();
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => pid(connections)));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 'rejected'));
    expect(performance.now() - start).toBeLessThan(5000);
    expect(connections.load.waiting).toBe(0);
  });

  it('serve whoever waits before they close', async () => {
    const connections = open(1);
    const waiting = [pid(connections), pid(connections), pid(connections)];
    await opened.pop()?.close();
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
  });

  it('are entered by each as its own tenant, whoever had them before', async () => {
    const { database, ada, bob } = world;
    const rows = Array.from({ length: 40 }, async (_, index) => {
      const tenant = index % 3 === 0 ? ada : bob;
      return [tenant.slug, (await runAsTenant(tenant, () => database.query(subjects(tenant)))).rows.length];
    });
    expect(await Promise.all(rows)).toEqual(
      Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? ['ada', 1] : ['bob', 6])),
    );
  });
});
