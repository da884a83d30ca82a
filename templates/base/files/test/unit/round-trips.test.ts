import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { countRoundTrips, type RoundTripCounter } from './round-trips.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

let counter: RoundTripCounter;
let world: Awaited<ReturnType<typeof createTwoTenants>>;

beforeAll(async () => {
  world = await createTwoTenants({
    poolSize: 1,
    lanes: 1,
    through: async (url) => {
      counter = await countRoundTrips(url);
      return counter.url;
    },
  });
  // Connections are open before anything is counted.
  await runAsTenant(world.ada, () => world.database.query(subjects(world.ada)));
  await runAsTenant(world.ada, () => world.database.read(subjects(world.ada)));
});
afterAll(async () => {
  await world.drop();
  await counter.close();
});

const trips = (work: () => Promise<unknown>) => counter.count(() => runAsTenant(world.ada, work));

describe('round trips on the wire', () => {
  it.each(['query', 'read'] as const)('%s() takes one, prepared or not', async (kind) => {
    const statement = { text: `select '${kind}', subject from ${tenantTable(world.ada.id, 'members')}` };
    expect(await trips(() => world.database[kind](statement))).toBe(1);
    expect(await trips(() => world.database[kind](statement))).toBe(1);
  });

  it.each(['query', 'read'] as const)('%s() takes one when it fails', async (kind) => {
    expect(await trips(() => world.database[kind]({ text: 'select 1 / 0' }).catch(() => {}))).toBe(1);
  });

  it('a look-up takes one', async () => {
    expect(await trips(() => world.database.lookup({ text: `select * from platform.find_tenant('ada')` }))).toBe(1);
  });

  it.each([1, 2, 5])('a transaction of %i statements takes one more', async (count) => {
    const work = () =>
      world.database.transaction(async (connection) => {
        for (let index = 0; index < count; index++) await connection.selectFrom('members').select('subject').execute();
      });
    expect(await trips(work)).toBe(count + 1);
  });

  it('a transaction without statements takes none', async () => {
    expect(await trips(() => world.database.transaction(async () => {}))).toBe(0);
  });
});
