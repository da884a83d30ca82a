import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCapture } from '../../src/tenancy/move/capture.ts';
import { copyTable } from '../../src/tenancy/move/copy.ts';
import { inTransaction } from '../../src/platform/in-transaction.ts';
import { connectTo } from '../../src/tenancy/move/place.ts';
import { replay } from '../../src/tenancy/move/replay.ts';
import { advanceSequences } from '../../src/tenancy/move/sequences.ts';
import { checksum, type MovingTable, movingTables } from '../../src/tenancy/move/tables.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { makeMovable } from './movable.ts';

const tenant = '0190a0b0-0000-7000-8000-00000000000a';
const columns = `
  tenant_id uuid not null,
  number integer generated always as identity,
  parent integer,
  name text not null,
  data jsonb,
  matrix integer[],
  amount numeric,
  ratio double precision,
  bytes bytea,
  span interval,
  moment timestamptz,
  shout text generated always as (upper(name)) stored,
  primary key (tenant_id, number),
  unique (tenant_id, name),
  foreign key (tenant_id, parent) references app.odd (tenant_id, number)`;

let databases: TestDatabase[];
let source: pg.Client;
let target: pg.Client;
let odd: MovingTable;
let spread: MovingTable;
beforeAll(async () => {
  databases = [await createTestDatabase(), await createTestDatabase()];
  for (const database of databases) await makeMovable(database);
  [source, target] = (await Promise.all(
    databases.map(async ({ adminUrl }) => {
      const admin = new pg.Client(adminUrl);
      await admin.connect();
      await admin.query(`create table app.odd (${columns}); alter table app.odd owner to ${roles.owner}`);
      await admin.query(
        `create table app.spread (tenant_id uuid not null, day date not null, amount integer, primary key (tenant_id, day))
        partition by range (day);
        create table app.spread_early partition of app.spread for values from (minvalue) to ('2030-01-01');
        create table app.spread_late partition of app.spread default;
        alter table app.spread owner to ${roles.owner};
        alter table app.spread_early owner to ${roles.owner};
        alter table app.spread_late owner to ${roles.owner}`,
      );
      await admin.query(`insert into platform.tenants (id, slug, name) values ('${tenant}', 'odd', 'Odd')`);
      await admin.end();
      return await connectTo({ strategy: 'test', adminUrl, isControlPlane: false });
    }),
  )) as [pg.Client, pg.Client];
  const tables = await movingTables(source, target);
  [odd, spread] = ['odd', 'spread'].map((name) => tables.find(({ relation }) => relation === name)) as [
    MovingTable,
    MovingTable,
  ];
});
afterAll(async () => {
  await source.end();
  await target.end();
  for (const database of databases) await database.drop();
});

const rowsIn = async (client: pg.Client): Promise<string[]> =>
  (await client.query<{ row: string }>('select odd::text as row from app.odd order by number')).rows.map(
    ({ row }) => row,
  );

const add = (values: string) =>
  source.query(
    `insert into app.odd (tenant_id, parent, name, data, matrix, amount, ratio, bytes, span, moment) values ('${tenant}', ${values})`,
  );

describe('rows on the move', () => {
  it('arrive with every value as it was', async () => {
    await add(`null, 'plain', null, null, null, null, null, null, null`);
    await add(
      `1, 'a "quoted", {odd} \\ (one)', 'null', '[2:3]={7,null}', 'NaN', '-Infinity', '\\x00ff', '1 mon -2 days', '4713-01-01 BC'`,
    );
    await add(
      `2, '', '{"a": [1, null]}', '{{1,2},{3,4}}', 12345678901234567890.123456789, 0.1, '', '-00:00:00.000001', 'infinity'`,
    );
    // It refers to a row that comes later.
    await source.query('update app.odd set parent = 3 where number = 1');
    await inTransaction(source, 'begin isolation level repeatable read read only', () =>
      copyTable(source, target, odd, tenant),
    );
    expect(await rowsIn(target)).toEqual(await rowsIn(source));
    expect(await checksum(target, odd, tenant)).toBe(await checksum(source, odd, tenant));
  });

  it('are numbered on from there', async () => {
    await advanceSequences(target, [odd], tenant);
    const { rows } = await target.query<{ next: number }>(`select nextval('app.odd_number_seq')::integer as next`);
    expect(rows[0]?.next).toBe(4);
  });

  it('that were written meanwhile are brought up to date', async () => {
    await startCapture(source, [odd], tenant);
    await add(`3, 'new', null, null, null, null, null, null, null`);
    // A name that another row had, and a row that refers to a new one.
    await source.query(`update app.odd set name = 'other' where name = 'plain'`);
    await add(`null, 'plain', null, null, null, null, null, null, null`);
    await source.query(
      `update app.odd set parent = (select number from app.odd where name = 'plain') where number = 2`,
    );
    await source.query('update app.odd set parent = null where number = 1');
    expect(await replay(source, target, [odd], tenant)).toBeGreaterThan(4);
    expect(await rowsIn(target)).toEqual(await rowsIn(source));
    expect(await replay(source, target, [odd], tenant)).toBe(0);
  });

  it('that are in partitions are brought up to date too', async () => {
    await startCapture(source, [spread], tenant);
    await source.query(
      `insert into app.spread values ('${tenant}', '2029-01-01', 1), ('${tenant}', '2029-01-02', 2), ('${tenant}', '2031-01-01', 3)`,
    );
    await source.query(`update app.spread set day = '2031-01-02' where amount = 2`);
    await source.query('delete from app.spread where amount = 3');
    expect(await replay(source, target, [spread], tenant)).toBeGreaterThan(4);
    expect(await checksum(target, spread, tenant)).toMatch(/^2 /);
    expect(await checksum(target, spread, tenant)).toBe(await checksum(source, spread, tenant));
  });

  it('that are gone are gone, and free what they had', async () => {
    await source.query(`delete from app.odd where name = 'new'`);
    await add(`null, 'new', null, null, null, null, null, null, null`);
    await replay(source, target, [odd], tenant);
    expect(await rowsIn(target)).toEqual(await rowsIn(source));
  });
});
