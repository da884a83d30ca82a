import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/tenancy/database.ts';
import { OpenDatabases, type OpenDatabasesOptions } from '../../src/tenancy/open-databases.ts';

/** Databases that are opened and closed in no time, and how many of them are open. */
function stage(options: OpenDatabasesOptions) {
  const databases = new OpenDatabases(options);
  const log: string[] = [];
  const open = new Set<string>();
  let most = 0;
  const ask = async (tenant: string, pool = tenant) =>
    await databases.ask(tenant, pool, async () => {
      await pause(1);
      open.add(pool);
      most = Math.max(most, open.size);
      log.push(`+${pool}`);
      const close = async () => {
        log.push(`-${pool}`);
        await pause(1);
        open.delete(pool);
      };
      return { close } as Database;
    });
  /** Uses a database for some milliseconds. */
  const use = async (tenant: string, milliseconds = 0) => {
    const seat = databases.take(tenant) ?? (await ask(tenant));
    await pause(milliseconds);
    databases.release(seat);
  };
  return { databases, log, open, use, ask, most: () => most };
}

describe('the open databases', () => {
  it('are opened once for all that a tenant asks at the same time', async () => {
    const { log, use, databases } = stage({ most: 2 });
    await Promise.all([use('a'), use('a'), use('a')]);
    await use('a');
    expect(log).toEqual(['+a']);
    await databases.close();
    expect(log).toEqual(['+a', '-a']);
  });

  it('are never more than there may be, however many tenants ask', async () => {
    const { use, most, databases } = stage({ most: 3, turn: 5 });
    const tenants = Array.from({ length: 20 }, (_, n) => `tenant ${n}`);
    await Promise.all([...tenants, ...tenants].map((tenant) => use(tenant, 2)));
    expect(most()).toBe(3);
    expect(databases.load).toMatchObject({ waiting: 0, refused: 0 });
    expect(databases.load.waited).toBeGreaterThan(10);
    await databases.close();
  });

  it('make room by the one that nobody used for longest', async () => {
    const { use, log, databases } = stage({ most: 2 });
    await use('a');
    await use('b');
    await use('a');
    await use('c');
    expect(log).toEqual(['+a', '+b', '-b', '+c']);
    await databases.close();
  });

  it('are closed when nobody used them for a while', async () => {
    const { use, open, databases } = stage({ most: 5, idle: 60 });
    await use('a');
    await expect.poll(() => [...open]).toEqual([]);
    expect(databases.load.open).toBe(0);
    await use('a');
    await databases.close();
  });

  it('are waited for in turn: a tenant that never stops makes room for others, and comes again', async () => {
    const { databases, use, log } = stage({ most: 1, turn: 30 });
    let going = true;
    let bursts = 0;
    const burst = async () => {
      while (going) {
        await use('busy', 1);
        bursts += 1;
      }
    };
    const running = [burst(), burst(), burst()];
    await pause(10);
    // The burst ends behind them: without turns they would be refused.
    await Promise.all([use('b', 1), use('c', 1), use('d', 1)]);
    const before = bursts;
    await expect.poll(() => bursts, { interval: 5 }).toBeGreaterThan(before);
    going = false;
    await Promise.all(running);
    expect(log.filter((line) => line === '+busy').length).toBeGreaterThan(1);
    await databases.close();
  });

  it('serve in the order of asking, a tenant with many statements no sooner than one with one', async () => {
    const { use, log, databases } = stage({ most: 1, turn: 1 });
    await use('first');
    await Promise.all([...Array.from({ length: 50 }, () => use('many', 1)), use('one', 1), use('last', 1)]);
    expect(log.filter((line) => line.startsWith('+'))).toEqual(['+first', '+many', '+one', '+last']);
    await databases.close();
  });

  it('refuse who waited too long, and say how many', async () => {
    const { databases, ask, use } = stage({ most: 1, turn: 10_000, patience: 500 });
    const held = await ask('a');
    await expect(Promise.all([use('b'), use('b')])).rejects.toMatchObject({ code: '53300' });
    expect(databases.load).toMatchObject({ waiting: 0, refused: 2 });
    databases.release(held);
    await use('b');
    await databases.close();
  });

  it('do not let anybody wait again for one that could not be opened a moment ago', async () => {
    const databases = new OpenDatabases({ most: 1 });
    let tries = 0;
    const ask = () =>
      databases.ask('a', 'a', async () => {
        tries += 1;
        throw new Error('no answer');
      });
    for (let n = 0; n < 3; n++) await expect(ask()).rejects.toThrow('no answer');
    expect(tries).toBe(1);
    await pause(1100);
    await expect(ask()).rejects.toThrow('no answer');
    expect(tries).toBe(2);
    await databases.close();
  });

  it('close what a tenant had before it moved, behind the last that uses it', async () => {
    const { databases, ask, log } = stage({ most: 3 });
    const before = await ask('a', 'a 1');
    const after = await ask('a', 'a 2');
    expect(databases.take('a 1')).toBeUndefined();
    expect(log).toEqual(['+a 1', '+a 2']);
    databases.release(before);
    expect(log).toEqual(['+a 1', '+a 2', '-a 1']);
    databases.release(after);
    await databases.close();
  });
});
