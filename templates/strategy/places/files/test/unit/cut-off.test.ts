import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { cutOffAfter } from './cut-off.ts';
import { cutOffEverywhere } from './cut-off-everywhere.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  await withClient(test.adminUrl, (admin) =>
    admin.query(
      `create table public.lines (line text primary key);
      create function public.add(text) returns void begin atomic insert into public.lines values ($1); end`,
    ),
  );
});
afterAll(() => test.drop());

const insert = (line: string) => `insert into public.lines values ('${line}')`;

describe('what may last', () => {
  it.each([
    ['is nothing while somebody logs in', [], 0],
    ['is what is said outside of a transaction, be it a read', [insert('a'), 'select 1'], 2],
    ['is no transaction that only reads', ['begin', 'set local role none', 'select 1', 'commit'], 0],
    ['is a transaction that writes, once', ['begin', insert('b'), insert('c'), 'select 1', 'commit'], 1],
    ['is one that writes by way of a function', ['begin', `select public.add('d')`, 'commit'], 1],
    ['is one that writes as it is committed', ['begin', `${insert('e')}; commit`], 1],
    ['is one that another follows at once', ['begin', insert('f'), 'commit; begin', 'commit'], 1],
    ['is nothing that is rolled back', ['begin', insert('g'), 'rollback'], 0],
    ['is nothing of a transaction that failed', ['begin', insert('h'), 'select 1 / 0', 'commit'], 0],
    ['is a transaction that is one message', [`begin; ${insert('i')}; commit`], 1],
  ] as const)('%s', async (_, statements, changes) => {
    const proxy = await cutOffAfter(test.adminUrl, Infinity);
    await withClient(proxy.url, async (client) => {
      for (const text of statements)
        await client.query(text).catch((error: Error) => expect(error).toMatchObject({ code: '22012' }));
    });
    await proxy.close();
    expect(proxy.changes()).toBe(changes);
    expect(proxy.isCut()).toBe(false);
  });
});

describe('whoever is cut off everywhere', () => {
  it('is so before everything that may last, and after it, on whatever connection', async () => {
    const lines = async () =>
      (await withClient(test.adminUrl, (admin) => admin.query<{ line: string }>('select line from public.lines'))).rows
        .map(({ line }) => line)
        .sort();
    const left: string[] = [];
    const { cuts, trips } = await cutOffEverywhere(
      test.adminUrl,
      async (url) => {
        await withClient(test.adminUrl, (admin) => admin.query('truncate public.lines'));
        await withClient(url, async (first) => {
          await first.query(`begin`);
          await first.query(insert('first'));
          await withClient(url, (second) => second.query(insert('second')));
          await first.query('commit');
          await first.query(insert('third'));
        });
      },
      async () => void left.push((await lines()).join(' ')),
    );
    expect(left).toEqual(['', 'second', 'first second', 'first second third']);
    expect(cuts).toBe(3);
    expect(trips).toBeGreaterThan(8);
  });
});
