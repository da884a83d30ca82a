import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCatalog } from '../isolation/catalog.ts';
import { fillFor, newTenant, type World } from '../isolation/world.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const table = (name: string, rest: string): string =>
  `create table farm.${name} (tenant_id uuid not null, id uuid not null, ${rest}, primary key (tenant_id, id))`;
const refersTo = (name: string): string => `foreign key (tenant_id, other) references farm.${name} (tenant_id, id)`;
const circle = (hens: string, eggs: string): string[] => [
  table('hens', `other uuid ${hens}`),
  table('eggs', `other uuid ${eggs}, ${refersTo('hens')}`),
  `alter table farm.hens add ${refersTo('eggs')}`,
];
const riddle = table('riddles', `answer text not null check (md5(answer) = 'a1d0c6e83f027327d8461063f4ac58a6')`);

/** In which tables the suite can make no row, and what it says makes one possible. */
async function refusals(...statements: readonly string[]): Promise<Record<string, string>> {
  return await withClient(test.adminUrl, async (admin) => {
    await admin.query('begin');
    for (const statement of ['create schema farm', ...statements]) await admin.query(statement);
    const catalog = await readCatalog(admin, roles.runtime);
    const tables = catalog.relations.filter(({ schema }) => schema === 'farm');
    const unattackable: World['unattackable'] = new Map();
    const tenant = newTenant('farmer');
    await fillFor(admin, catalog, tables, { attacker: tenant, unattackable, empty: new Set() }, tenant);
    await admin.query('rollback');
    expect(tables.length).toBeGreaterThan(0);
    return Object.fromEntries([...unattackable].map(([name, { fix }]) => [name, fix]));
  });
}

describe('rows that the suite makes', () => {
  it.each(['hens', 'eggs'])('begin a circle of references where one may be empty: %s', async (name) => {
    const [hens, eggs] = name === 'hens' ? ['', 'not null'] : ['not null', ''];
    expect(await refusals(...circle(hens, eggs))).toEqual({});
  });

  it('are impossible in a circle where none may be, until what is told is done', async () => {
    const statements = circle('not null', 'not null');
    const told = await refusals(...statements);
    const [fix] = Object.values(told);
    expect(told).toEqual({
      'farm.eggs': expect.stringContaining('alter table farm.eggs alter column "other" drop not null;'),
      'farm.hens': fix,
    });
    expect(await refusals(...statements, String(fix))).toEqual({});
  });

  it('are impossible where they would be their own, until what is told is done', async () => {
    const statement = table('parts', `other uuid not null, ${refersTo('parts')}`);
    const { 'farm.parts': fix = '' } = await refusals(statement);
    expect(await refusals(statement, fix)).toEqual({});
  });

  it('are impossible where a trigger finds nothing on the search path, until what is told is done', async () => {
    const statements = [
      'create table farm.weights (tenant_id uuid not null)',
      table('cows', 'weight integer'),
      `create function farm.weigh() returns trigger language plpgsql as
        'begin insert into weights values (new.tenant_id); return new; end'`,
      'create trigger weigh after insert on farm.cows for each row execute function farm.weigh()',
    ];
    const { 'farm.cows': fix = '' } = await refusals(...statements);
    const [, statement = 'nothing is told'] = /: (alter function .*)$/.exec(fix) ?? [];
    // As a migration does.
    const path = ['set local search_path = farm', statement, 'set local search_path = pg_catalog'];
    expect(await refusals(...statements, ...path)).toEqual({});
  });

  it('wait for those that they refer to', async () => {
    const told = await refusals(riddle, table('hints', `other uuid not null, ${refersTo('riddles')}`));
    const fix = `Add to rowFactories in test/isolation/factories.ts: 'farm.riddles': { answer: (n) => '...' },`;
    expect(told).toEqual({ 'farm.riddles': fix, 'farm.hints': fix });
  });
});
