import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const ada = '0190a000-0000-7000-8000-00000000000a';

describe('app.tenant_id()', () => {
  let test: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    test = await createTestDatabase();
    client = new pg.Client(test.runtimeUrl);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await test.drop();
  });

  const enter = async (context: string): Promise<unknown> => {
    await client.query('begin');
    try {
      await client.query(`select pg_catalog.set_config('app.tenant_id', $1, true)`, [context]);
      return (await client.query<{ id: string }>('select app.tenant_id() as id')).rows[0]?.id;
    } finally {
      await client.query('rollback');
    }
  };
  const code = (value: string) => expect.objectContaining({ code: value });

  it('is the tenant that the setting names', async () => {
    expect(await enter(ada)).toBe(ada);
  });

  it('refuses no tenant, before and after the setting was used', async () => {
    const fresh = new pg.Client(test.runtimeUrl);
    await fresh.connect();
    await expect(fresh.query('select app.tenant_id()')).rejects.toThrow(code('TN001'));
    await fresh.end();
    await expect(enter('')).rejects.toThrow(code('TN001'));
  });

  it.each([
    ` ${ada}`,
    `${ada} `,
    `{${ada}}`,
    ada.toUpperCase(),
    ada.replaceAll('-', ''),
    // PostgreSQL takes a hyphen behind any four digits.
    '0190-a000-0000-7000-800000000000000a',
    '0190a000-0000-7000-8000-00000000000-',
    '0190a000-0000-7000-8000-00000000000ä',
    ada.replaceAll('-', '.'),
    `${ada},${ada}`,
    '*',
    'null',
  ])('refuses "%s", which is no tenant', async (value) => {
    await expect(enter(value)).rejects.toThrow(code('TN002'));
  });

  it('is part of the plans that ask it, and no call', async () => {
    const { rows } = await client.query<Record<string, string>>(
      'explain (verbose, costs off) select (select app.tenant_id())',
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain(`current_setting('app.tenant_id'`);
    expect(plan).not.toContain('tenant_id()');
  });

  it('is what it was made as, whatever the search_path', async () => {
    await client.query('begin');
    await client.query('set local search_path = nowhere, pg_catalog');
    expect(await enter(ada)).toBe(ada);
    await client.query('rollback');
  });
});
