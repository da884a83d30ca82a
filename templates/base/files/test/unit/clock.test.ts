import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { clockDifference } from '../../src/tenancy/connection-facts.ts';

/** A database whose clock is that many milliseconds ahead. */
const ahead = (milliseconds: number) =>
  ({ query: async () => ({ rows: [{ now: Date.now() + milliseconds }] }) }) as unknown as pg.Client;

describe('clockDifference', () => {
  it.each([0, 59_000, -59_000])('measures %i ms', async (milliseconds) => {
    expect(Math.abs((await clockDifference(ahead(milliseconds))) - milliseconds)).toBeLessThan(1000);
  });

  it.each([61_000, -61_000, Number.NaN])('refuses %d ms', async (milliseconds) => {
    await expect(clockDifference(ahead(milliseconds))).rejects.toThrow(expect.objectContaining({ code: 'clock' }));
  });
});
