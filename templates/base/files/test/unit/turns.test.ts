import { describe, expect, it } from 'vitest';
import { createTurns } from '../../src/http/turns.ts';

/** Begins so many requests of each tenant, all at once, and tells in which order they began. */
async function order(...requests: readonly (readonly [tenant: string, count: number])[]): Promise<string[]> {
  const turn = createTurns();
  const begun: string[] = [];
  const all = requests.flatMap(([tenant, count]) => Array.from({ length: count }, () => tenant));
  await Promise.all(
    all.map(async (tenant) => {
      await turn(tenant);
      begun.push(tenant);
    }),
  );
  return begun;
}

describe('turns', () => {
  it('let a tenant wait for itself alone, however much it sends', async () => {
    const begun = await order(['noisy', 50], ['quiet', 1]);
    expect(begun).toHaveLength(51);
    expect(begun.indexOf('quiet')).toBeLessThan(5);
  });

  it('come to every tenant that sends much', async () => {
    const begun = await order(['one', 50], ['two', 50]);
    for (const length of [20, 40, 60, 80]) {
      const ones = begun.slice(0, length).filter((tenant) => tenant === 'one').length;
      expect(Math.abs(ones - length / 2)).toBeLessThanOrEqual(4);
    }
  });

  it('are not waited for by who sends one at a time', () => {
    const turn = createTurns();
    expect([turn('one'), turn('two'), turn('three')]).toEqual([undefined, undefined, undefined]);
  });
});
