import { describe, expect, it } from 'vitest';
import { advise, type Situation } from '../../generators/answers/advisor.ts';

const nothing: Situation = { tenants: 'thousands', separation: 'none', customTables: false };

describe('the advisor', () => {
  it('recommends a shared schema when nothing demands more', () => {
    expect(advise(nothing)).toMatchObject({ strategy: 'shared-schema' });
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

  it('always says why, and never what is not available', () => {
    for (const tenants of ['dozens', 'hundreds', 'thousands'] as const) {
      for (const separation of ['none', 'schema', 'database'] as const) {
        for (const customTables of [true, false]) {
          expect(advise({ tenants, separation, customTables }).because).not.toBe('');
        }
      }
    }
  });

  it('warns of many databases where they are demanded', () => {
    const demanded = { ...nothing, separation: 'database' } as const;
    expect(advise({ ...demanded, tenants: 'dozens' }).because).not.toContain('automate');
    expect(advise({ ...demanded, tenants: 'hundreds' }).because).toContain('automate');
  });
});
