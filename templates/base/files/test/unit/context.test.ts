import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { currentTenant, runAsTenant, runInTransaction, tenantId } from '../../src/tenancy/context.ts';

const ada = { id: tenantId('0190a000-0000-7000-8000-00000000000a'), slug: 'ada' };
const bob = { id: tenantId('0190a000-0000-7000-8000-00000000000b'), slug: 'bob' };

describe('tenantId', () => {
  it.each(['', 'ada', '00000000-0000-0000-0000-000000000000', ada.id.toUpperCase(), `${ada.id}'`, `${ada.id}\n`])(
    'refuses %j',
    (value) => expect(() => tenantId(value)).toThrow(expect.objectContaining({ code: 'bad-tenant-id' })),
  );

  it('accepts a lower-case UUID', () => expect(tenantId(ada.id)).toBe(ada.id));
});

describe('runAsTenant', () => {
  it('has no tenant outside', () => {
    expect(() => currentTenant()).toThrow(expect.objectContaining({ code: 'no-tenant' }));
  });

  it('refuses an id that was not checked', () => {
    const forged = { id: 'ada' as typeof ada.id, slug: 'ada' };
    expect(() => runAsTenant(forged, () => {})).toThrow(expect.objectContaining({ code: 'bad-tenant-id' }));
  });

  it('keeps the tenants of interleaved work apart', async () => {
    const tenants = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? ada : bob));
    const seen = await Promise.all(
      tenants.map((tenant) =>
        runAsTenant(tenant, async () => {
          await pause(Math.random() * 5);
          return currentTenant().id;
        }),
      ),
    );
    expect(seen).toEqual(tenants.map(({ id }) => id));
  });

  it('enters another tenant inside, and comes back', () => {
    runAsTenant(ada, () => {
      runAsTenant(bob, () => expect(currentTenant().slug).toBe('bob'));
      expect(currentTenant().slug).toBe('ada');
    });
  });

  it('refuses another tenant while a transaction is open, and only then', async () => {
    await runAsTenant(ada, async () => {
      await runInTransaction(async () => {
        runAsTenant(ada, () => {
          expect(() => runAsTenant(bob, () => {})).toThrow(expect.objectContaining({ code: 'other-tenant' }));
        });
      });
      runAsTenant(bob, () => expect(currentTenant().slug).toBe('bob'));
    });
  });
});
