import { describe, expect, it } from 'vitest';
import { proofOf, type Report, unproven } from './proven.ts';

const id = (digit: string): string => `t_${digit.repeat(32)}`;

const report = (red: readonly string[]): Report => ({
  groups: [
    { name: 'matrix', attacks: [] },
    { name: 'databases', attacks: ['K1: a login connects', `K6: read as ${id('a')}, of victim-ghijklm`] },
  ],
  mutations: { caughtBy: [{ name: 'an open door', red }] },
});

describe('checks that have names', () => {
  it('are proven by the mutations that turn them red', () => {
    expect([...proofOf(report(['databases: K1: a login connects']))]).toEqual([
      ['databases: K1: a login connects', ['an open door']],
      ['databases: K6: read as t_*, of somebody', []],
    ]);
  });

  it('are the same in every copy, whatever places and tenants are called there', () => {
    const red = ['databases: K1: a login connects', `databases: K6: read as ${id('b')}, of attacker-zyxwvut`];
    expect(unproven(proofOf(report(red)))).toEqual([]);
  });

  it('prove nothing when nothing turns them red, or the same in another group', () => {
    expect(unproven(proofOf(report(['places: K1: a login connects'])))).toEqual([
      'databases: K1: a login connects',
      'databases: K6: read as t_*, of somebody',
    ]);
  });
});
