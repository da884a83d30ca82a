import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lanes } from '../../src/tenancy/lanes.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
let lanes: Lanes;
beforeAll(async () => {
  test = await createTestDatabase();
  lanes = new Lanes(4, { connectionString: test.runtimeUrl }, { named: true, lifetime: 3600 });
});
afterAll(async () => {
  await lanes.close();
  await test.drop();
});

async function laneOf(target: string, seconds = 0): Promise<number> {
  const text = 'select pg_catalog.pg_backend_pid() as pid, pg_catalog.pg_sleep($1)::text';
  const { rows } = await lanes.run<{ pid: number }>(() => [{ text, values: [seconds], target }], target);
  return rows[0]?.pid ?? Number.NaN;
}

describe('a place', () => {
  it('has a lane of its own while nobody is on it, and places are spread over all', async () => {
    const places = Array.from({ length: 40 }, (_, n) => `t_${n}`);
    const used = new Set<number>();
    for (const place of places) {
      const first = await laneOf(place);
      expect(await laneOf(place)).toBe(first);
      used.add(first);
    }
    expect(used.size).toBe(4);
  });

  it('does not wait for its lane while another has nothing to do', async () => {
    expect(new Set(await Promise.all(Array.from({ length: 4 }, () => laneOf('t_busy', 0.1)))).size).toBe(4);
  });
});
