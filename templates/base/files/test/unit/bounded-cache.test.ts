import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../src/tenancy/bounded-cache.ts';

const lifetime = 60_000;

describe('BoundedCache', () => {
  it('asks once for what it remembers', async () => {
    const cache = new BoundedCache<number>({ lifetime });
    let asked = 0;
    const find = async () => (asked += 1);
    expect([await cache.remember('a', find), await cache.remember('a', find)]).toEqual([1, 1]);
  });

  it('does not remember what was looked up before a revocation and arrives after it', async () => {
    const cache = new BoundedCache<string>({ lifetime });
    const answer = new EventEmitter();
    const slow = cache.remember('key', async () => String(await once(answer, 'arrived')));
    cache.forget((value) => value === 'granted');
    answer.emit('arrived', 'granted');
    expect(await slow).toBe('granted');
    expect(cache.get('key')).toBeUndefined();
  });

  it('does not remember a failure', async () => {
    const cache = new BoundedCache<number>({ lifetime });
    await expect(cache.remember('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await cache.remember('a', async () => 2)).toBe(2);
  });

  it('remembers no longer than the expiry says', async () => {
    const cache = new BoundedCache<{ readonly expiry: number }>({ lifetime });
    await cache.remember(
      'a',
      async () => ({ expiry: Date.now() - 1 }),
      ({ expiry }) => expiry,
    );
    expect(cache.get('a')).toBeUndefined();
  });

  it('drops the least recently used entry when it is full', () => {
    const cache = new BoundedCache<number>({ lifetime, capacity: 2 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
  });
});
