import { describe, expect, it } from 'vitest';
import { newId, withIds } from '../../src/ids.ts';

describe('newId', () => {
  it('grows with time', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect([...ids].sort()).toEqual(ids);
  });

  it('asks the source that was given, also after waiting, and nobody else does', async () => {
    let n = 0;
    const counted = withIds(
      () => `id ${(n += 1)}`,
      async () => {
        await Promise.resolve();
        return [newId(), newId()];
      },
    );
    expect(newId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await counted).toEqual(['id 1', 'id 2']);
  });
});
