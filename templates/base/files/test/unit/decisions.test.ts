import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { compare, type Difference, explain } from '../isolation/decisions/compare.ts';
import { readTenancy, type Tenancy } from '../isolation/decisions/file.ts';
import { readFound } from '../isolation/decisions/found.ts';
import { renew } from '../isolation/decisions/renew.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let database: TestDatabase;
let admin: pg.Client;
let tenancy: Tenancy;

beforeAll(async () => {
  tenancy = await readTenancy();
  database = await createTestDatabase();
  admin = new pg.Client(database.adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

/** Runs statements as a migration does, and undoes them after the work. */
async function afterMigration<T>(statements: readonly string[], work: () => Promise<T>): Promise<T> {
  await admin.query(`begin; set local search_path = app; set local role ${roles.migrator}`);
  try {
    for (const statement of statements) await admin.query(statement);
    await admin.query(`reassign owned by ${roles.migrator} to ${roles.owner}; set local search_path = pg_catalog`);
    return await work();
  } finally {
    await admin.query('rollback');
  }
}

const differences = async (decided = tenancy): Promise<Difference[]> => compare(decided, await readFound(admin));

const differencesAfter = (statements: readonly string[], decided?: Tenancy) =>
  afterMigration(statements, () => differences(decided));

const decide = (relations: Tenancy['relations'], standard: Tenancy['standard'] = {}): Tenancy => ({
  ...tenancy,
  relations: { ...tenancy.relations, ...relations },
  standard: { ...tenancy.standard, ...standard },
});

const invoices = `create table invoices (id uuid primary key, number text not null unique, member_id uuid,
  created_at timestamptz not null default now())`;

describe('the migrations', () => {
  it('make what was decided in db/tenancy.json', async () => {
    const found = await differences();
    if (found.length > 0) expect.fail(explain(found));
  });
});

describe('a relation that nobody decided about', () => {
  it.each([
    ['a table', invoices],
    ['a copy of a table', 'create table invoices (like members including all)'],
    ['a table made of a query', 'create table invoices as select * from members'],
    ['a partitioned table', 'create table invoices (tenant_id uuid not null) partition by hash (tenant_id)'],
    ['a table that inherits', 'create table invoices () inherits (members)'],
    ['a view', 'create view invoices as select * from members'],
    ['a materialized view', 'create materialized view invoices as select * from members'],
    ['a sequence of its own', 'create sequence invoices'],
  ])('is told, when it is %s', async (_, statement) => {
    expect((await differencesAfter([statement])).map(({ object }) => object)).toEqual(['app.invoices']);
  });

  it('is told in every schema', async () => {
    const found = await afterMigration([], async () => {
      await admin.query('reset role; create schema queue; create table queue.jobs (payload jsonb)');
      return await differences();
    });
    expect(found.map(({ object }) => object)).toEqual(['queue.jobs']);
  });

  it('comes with the line to add and the SQL that makes it a tenant table', async () => {
    const [difference] = await differencesAfter([invoices]);
    expect(difference?.settle.join('\n')).toContain('"app.invoices": "tenant"');
    const statements = (difference?.settle ?? []).filter((line) => line.endsWith(';'));
    expect(statements.join('\n')).toContain('add PRIMARY KEY (tenant_id, id)');
    expect(await differencesAfter([invoices, ...statements], decide({ 'app.invoices': 'tenant' }))).toEqual([]);
  });

  it('comes with references that carry the tenant', async () => {
    const tables = [
      'create table invoices (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id), unique (id))',
      'create table lines (id uuid primary key, invoice_id uuid references invoices (id) on delete set null)',
    ];
    const lines = (await differencesAfter(tables)).find(({ object }) => object === 'app.lines');
    expect(lines?.settle.join('\n')).toContain(
      'add FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoices(tenant_id, id) ON DELETE SET NULL (invoice_id);',
    );
    const statements = (lines?.settle ?? []).filter((line) => line.endsWith(';'));
    const left = await differencesAfter([...tables, ...statements], decide({ 'app.lines': 'tenant' }));
    expect(left.map(({ object }) => object)).toEqual(['app.invoices']);
  });
});

describe('a decision', () => {
  const codes = 'create table codes (code text primary key)';
  const grant = (privileges: string) => `grant ${privileges} on codes to ${roles.runtime}`;

  it.each([
    ['tenant', [codes], 'it has no tenant_id'],
    ['tenant', ['create table codes (tenant_id uuid not null)'], 'row-level security is not forced'],
    ['tenant', ['create view codes as select * from members'], "it runs with its owner's rights"],
    ['tenant', ['create materialized view codes as select * from members'], 'a materialized view has no policies'],
    ['tenant', ['create sequence codes'], 'a sequence has no policies'],
    ['global: codes', [codes, grant('select, insert')], 'the application may INSERT'],
    ['global: codes', ['create table codes (tenant_id uuid)', grant('select')], 'it has a tenant_id'],
    ['link', [codes, grant('select')], 'the application may SELECT'],
    ['platform', [codes, grant('update (code)')], 'the application may UPDATE'],
    ['platform', [codes, 'grant select on codes to public'], 'the application may SELECT'],
    ['platform', ['create sequence codes', grant('usage')], 'the application may USAGE'],
    ['public', [codes], 'Nobody decided'],
  ])('%s is not taken for what it is not: %j', async (decision, statements, what) => {
    const [difference, ...more] = await differencesAfter(statements, decide({ 'app.codes': decision }));
    expect(difference).toMatchObject({ object: 'app.codes', what: expect.stringContaining(what) });
    expect(more).toEqual([]);
  });

  it.each([
    ['global: codes', [codes, grant('select')]],
    ['link', [codes]],
    ['platform', [codes]],
    ['platform', ['create sequence codes']],
  ])('%s is taken: %j', async (decision, statements) => {
    expect(await differencesAfter(statements, decide({ 'app.codes': decision }))).toEqual([]);
  });

  it('has to be about something that is there', async () => {
    const decided = { ...decide({ 'app.gone': 'tenant' }), functions: { ...tenancy.functions, 'app.gone()': {} } };
    const found = await afterMigration([], () => differences(decided));
    expect(found.map(({ object, what }) => `${object}: ${what}`)).toEqual([
      'app.gone: There is no such relation.',
      'app.gone(): There is no such function.',
    ]);
  });
});

const own = '(tenant_id = (select app.tenant_id()))';

describe('what people reviewed', () => {
  const changes: [what: string, statement: string, key: string][] = [
    ['a policy is widened', 'alter policy tenant_allow on members using (true)', 'policy tenant_allow'],
    ['the floor lets writes through', 'alter policy tenant_floor on members with check (true)', 'policy tenant_floor'],
    ['the floor is dropped', 'drop policy tenant_floor on members', 'policy tenant_floor'],
    ['a policy is for more roles', 'alter policy tenant_migrate on members to public', 'policy tenant_migrate'],
    ['a policy is added', 'create policy more on members using (true)', 'policy more'],
    ['a policy is renamed', 'alter policy tenant_allow on members rename to a', 'policy tenant_allow'],
    ['TRUNCATE is granted', `grant truncate on members to ${roles.runtime}`, 'grant to runtime'],
    ['a right can be passed on', `grant select on members to ${roles.runtime} with grant option`, 'grant to runtime'],
    ['a column is granted', `grant select (email) on members to ${roles.platform}`, 'grant to platform'],
    ['everybody may read', 'grant select on members to public', 'grant to public'],
    ['a right is taken away', `revoke delete on members from ${roles.runtime}`, 'grant to runtime'],
  ];

  it.each(changes)('is held against the migrations when %s, with the SQL that undoes it', async (_, statement, key) => {
    await afterMigration([statement], async () => {
      const found = await differences();
      expect(found[0]).toMatchObject({ object: 'app.members', what: expect.stringContaining(key) });
      for (const text of found.flatMap(({ settle }) => settle)) await admin.query(text);
      expect(await differences()).toEqual([]);
    });
  });

  it('shows the old and the new text', async () => {
    const [found] = await differencesAfter(['alter policy tenant_allow on members using (true)']);
    expect(found?.what.split('\n')).toEqual([
      'policy tenant_allow',
      expect.stringMatching(/^ {2}reviewed: for all to runtime using \(tenant_id = /),
      expect.stringMatching(/^ {2}now: {6}for all to runtime using \(true\) with check \(tenant_id = /),
    ]);
  });

  it.each([
    [
      'does something else',
      ['create or replace function app.tenant_id() returns uuid language sql as $$ select null::uuid $$'],
      'body',
    ],
    ['is for everybody', ['grant execute on function app.tenant_id() to public'], 'grant to public'],
    ['is volatile', ['alter function app.tenant_id() volatile'], 'kind'],
    ['runs names of the caller', ['alter function app.tenant_id() reset search_path'], 'set search_path'],
  ])('covers functions: one that %s', async (_, statements, key) => {
    const found = await differencesAfter(statements);
    expect(found.map(({ object }) => object)).toContain('app.tenant_id()');
    expect(found.map(({ what }) => what.split('\n')[0])).toContain(key);
  });

  it('covers functions that nobody has looked at', async () => {
    const found = await differencesAfter([
      'create function everything() returns bigint language sql security definer as $$ select count(*) from app.members $$',
      'create function is_open(uuid) returns boolean language sql stable as $$ select true $$',
      'create policy open on members for select using (is_open(tenant_id))',
    ]);
    expect(found.map(({ object }) => object)).toEqual(['app.members', 'app.everything()', 'app.is_open(uuid)']);
  });

  it('covers privileges that new tables will have', async () => {
    const found = await differencesAfter([
      `alter default privileges in schema app grant select on tables to ${roles.runtime}`,
    ]);
    expect(found).toMatchObject([
      {
        object: 'default privileges',
        what: expect.stringMatching(/^tables that migrator makes in app\n.*none\n.*select to runtime$/),
      },
    ]);
  });

  it('covers partitions that the application reaches', async () => {
    const tables = [
      'create table events (tenant_id uuid not null) partition by hash (tenant_id)',
      'create table events_0 partition of events for values with (modulus 1, remainder 0)',
    ];
    const partitions = async (statements: readonly string[]) =>
      (await differencesAfter([...tables, ...statements])).filter(({ object }) => object === 'app.events_0');
    expect(await partitions([])).toEqual([]);
    expect(await partitions([`grant select on events_0 to ${roles.runtime}`])).toMatchObject([
      { settle: [`revoke all on app.events_0 from ${roles.runtime}, public;`] },
    ]);
  });
});

describe('no decision is asked for', () => {
  it.each([
    ['comments', [`comment on table members is 'who'`, `comment on policy tenant_floor on members is 'stops'`]],
    ['an index', ['create index on members (tenant_id, email)']],
    ['a column', ['alter table members add column nickname text']],
    ['a check', ['alter table members add check (char_length(email) > 2)']],
    [
      'statistics',
      [
        'create statistics who (dependencies) on tenant_id, role from members',
        'alter table members alter column role set statistics 500',
      ],
    ],
    [
      'a function with the rights of who calls',
      ['create function twice(n integer) returns integer language sql as $$ select n * 2 $$'],
    ],
    [
      'a type and a domain',
      [`create type size as enum ('s', 'm')`, 'create domain percent as integer check (value < 101)'],
    ],
    ['a sequence of a column', ['create table codes (n bigint generated always as identity)', 'drop table codes']],
  ])('for %s', async (_, statements) => {
    expect(await differencesAfter(statements)).toEqual([]);
  });
});

describe('npm run db:decisions', () => {
  const renewedAfter = (statements: readonly string[]) =>
    afterMigration(statements, async () => {
      const found = await readFound(admin);
      const renewed = renew(tenancy, found);
      return { renewed, left: compare(renewed, found).map(({ object }) => object) };
    });

  it('changes nothing where nothing changed', async () => {
    expect((await renewedAfter([])).renewed).toEqual(tenancy);
  });

  it('writes what changed, and decisions that are plain', async () => {
    const { renewed, left } = await renewedAfter([
      'alter policy tenant_allow on members rename to a',
      'create table notes (tenant_id uuid not null)',
      'alter table notes enable row level security, force row level security',
      `create policy tenant_allow on notes to ${roles.runtime} using ${own}`,
    ]);
    expect(left).toEqual([]);
    expect(renewed.relations['app.notes']).toBe('tenant');
    expect(renewed.exceptions['app.members']).toMatchObject({
      'policy tenant_allow': 'none',
      'policy a': expect.any(String),
    });
    expect(renewed.exceptions['app.notes']).toMatchObject({ 'policy tenant_floor': 'none' });
  });

  it('leaves what a person has to decide, and what nobody may', async () => {
    const { renewed, left } = await renewedAfter([
      'create table codes (code text)',
      'create view everybody as select * from members',
      `grant select on platform.tenants to ${roles.runtime}`,
      'alter table members no force row level security',
    ]);
    expect(renewed.relations).toMatchObject({ 'app.codes': 'undecided', 'app.everybody': 'undecided' });
    expect(left).toEqual(['app.codes', 'app.everybody', 'app.members', 'platform.tenants']);
  });
});
