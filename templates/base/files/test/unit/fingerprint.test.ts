import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, shapeOf } from '../../src/platform/fingerprint.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
let admin: pg.Client;
beforeAll(async () => {
  test = await createTestDatabase();
  admin = new pg.Client(test.adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await test.drop();
});

const condition = 'size between 1 and 9 and size <> 5';

/** A schema with a table whose parts have this condition. */
async function makeTable(schema: string, check: string, where: string): Promise<void> {
  await admin.query(
    `create schema ${schema};
    create table ${schema}.boxes (size integer, constraint boxes_size ${check});
    create index boxes_by_size on ${schema}.boxes (size) where ${where};
    create policy few on ${schema}.boxes using (${where})`,
  );
}

describe('fingerprint()', () => {
  it('is the same for what was restored from a dump', async () => {
    await makeTable('original', `check (${condition})`, condition);
    const { rows } = await admin.query<{ check: string; where: string }>(
      `select pg_get_constraintdef(pg_constraint.oid) as check, pg_get_expr(polqual, polrelid) as where
      from pg_constraint join pg_policy on polrelid = conrelid
      where conrelid = 'original.boxes'::regclass`,
    );
    const [dumped] = rows;
    await makeTable('restored', dumped?.check ?? '', dumped?.where ?? '');
    expect(await shapeOf(admin, 'restored')).toEqual(await shapeOf(admin, 'original'));
    expect(await fingerprint(admin, 'restored')).toBe(await fingerprint(admin, 'original'));
  });

  it('is the same for functions that each look into their own schema, and another for one that looks elsewhere', async () => {
    for (const [schema, path] of [
      ['here', 'here'],
      ['there', 'there'],
      ['astray', 'here'],
    ])
      await admin.query(
        `create schema ${schema};
        create function ${schema}.look() returns void set search_path = '${path}', 'pg_temp' language plpgsql as 'begin end'`,
      );
    expect(await fingerprint(admin, 'there')).toBe(await fingerprint(admin, 'here'));
    expect(await fingerprint(admin, 'astray')).not.toBe(await fingerprint(admin, 'here'));
  });

  it('is another one for another condition', async () => {
    await makeTable('other', `check (size between 1 and 9 or size <> 5)`, condition);
    expect(await fingerprint(admin, 'other')).not.toBe(await fingerprint(admin, 'original'));
  });
});
