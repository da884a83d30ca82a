import { describe, expect, it } from 'vitest';
import { advise, type Situation } from '../../generators/answers/advisor.ts';

const nothing: Situation = { tenants: 'thousands', separation: 'none', customTables: false };

describe('the advisor', () => {
  it('recommends a shared schema when nothing demands more', () => {
    expect(advise(nothing)).toMatchObject({ strategy: 'shared-schema', available: true });
  });

  it('recommends what a contract demands, whatever the number of tenants', () => {
    for (const tenants of ['dozens', 'hundreds', 'thousands'] as const) {
      expect(advise({ ...nothing, tenants, separation: 'database' }).strategy).toBe('database-per-tenant');
      expect(advise({ ...nothing, tenants, separation: 'schema' }).strategy).toBe('schema-per-tenant');
    }
  });

  it('recommends a schema a tenant for tables of their own, as long as there are not thousands', () => {
    expect(advise({ ...nothing, tenants: 'hundreds', customTables: true }).strategy).toBe('schema-per-tenant');
    expect(advise({ ...nothing, customTables: true })).toMatchObject({
      strategy: 'shared-schema',
      because: expect.stringContaining('jsonb'),
    });
  });

  it('always says why, and says so when the strategy is not available yet', () => {
    for (const tenants of ['dozens', 'hundreds', 'thousands'] as const) {
      for (const separation of ['none', 'schema', 'database'] as const) {
        for (const customTables of [true, false]) {
          const advice = advise({ tenants, separation, customTables });
          expect(advice.because).not.toBe('');
          expect(advice.available).toBe(advice.strategy !== 'database-per-tenant');
          expect(advice.note?.includes('not available yet') ?? false).toBe(!advice.available);
        }
      }
    }
  });

  it('does not say that a shared schema meets a demand for separation', () => {
    expect(advise({ ...nothing, separation: 'database' }).note).toContain('does not meet that demand');
  });
});
