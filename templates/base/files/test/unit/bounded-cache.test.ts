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

  it('forgets what was revoked, and nothing else', () => {
    const cache = new BoundedCache<number>({ lifetime, capacity: 10 });
    for (const [value, key] of ['a', 'b', 'c'].entries()) cache.set(key, value);
    cache.get('a');
    cache.forget((value) => value === 0);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 1, 2]);
  });

  it('drops what was not used for longest when it is full', () => {
    const cache = new BoundedCache<number>({ lifetime, capacity: 4 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
  });

  it('never holds more than its capacity, and the half that was used last in any case', () => {
    const capacity = 100;
    const cache = new BoundedCache<number>({ lifetime, capacity });
    for (let key = 0; key < 1000; key++) cache.set(String(key), key);
    let held = 0;
    for (let key = 999; key >= 0; key--) {
      const found = cache.get(String(key)) !== undefined;
      if (key >= 1000 - capacity / 2 + 1) expect(found).toBe(true);
      held += Number(found);
    }
    expect(held).toBeLessThanOrEqual(capacity);
  });
});
