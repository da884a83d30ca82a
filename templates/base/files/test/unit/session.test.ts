import { setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Session } from '../../src/tenancy/session.ts';
import { wireConnection } from '../../src/tenancy/wire.ts';
import { withClient } from '../setup/client.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
let client: pg.Client;
let session: Session;
beforeAll(async () => {
  test = await createTestDatabase();
  client = new pg.Client({ connectionString: test.runtimeUrl, pipeline: true });
  await client.connect();
  session = new Session(client, { named: false, shared: true });
});
afterAll(async () => {
  await client.end();
  await test.drop();
});

/** How many writes it takes to send a statement in each of five callbacks of one turn of the event loop. */
async function writesOfFive(): Promise<number> {
  const uncork = vi.spyOn(wireConnection(client).stream, 'uncork');
  const send = async () => {
    await turn();
    await session.run([{ text: 'select 1' }]);
  };
  await Promise.all(Array.from({ length: 5 }, send));
  const writes = uncork.mock.calls.length;
  uncork.mockRestore();
  return writes;
}

describe('a shared connection', () => {
  it('gathers what is sent while the server is busy', async () => {
    await withClient(test.adminUrl, async (holder) => {
      await holder.query('select pg_catalog.pg_advisory_lock(1)');
      const busy = session.run([{ text: 'select pg_catalog.pg_advisory_lock_shared(1)' }]);
      await turn();
      const writes = writesOfFive();
      await turn();
      await holder.query('select pg_catalog.pg_advisory_unlock(1)');
      expect(await writes).toBe(1);
      await busy;
    });
  });

  it('lets nothing wait while the server has nothing to do', async () => {
    const uncork = vi.spyOn(wireConnection(client).stream, 'uncork');
    const running = session.run([{ text: 'select 1' }]);
    await Promise.resolve();
    const written = new Promise<number>((resolve) => process.nextTick(() => resolve(uncork.mock.calls.length)));
    expect(await written).toBe(1);
    await running;
    uncork.mockRestore();
  });
});
