import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import { compare, explain } from '../isolation/decisions/compare.ts';
import { readTenancy } from '../isolation/decisions/file.ts';
import { readFound } from '../isolation/decisions/found.ts';
import { applicationRoles } from '../isolation/decisions/reaching.ts';
import { servedRole } from '../setup/places.ts';
import { openMigrated } from './migrated.ts';

let migrated: Awaited<ReturnType<typeof openMigrated>>;
beforeAll(async () => {
  migrated = await openMigrated();
});
afterAll(() => migrated.drop());

describe('the migrations', () => {
  it('make what was decided in db/tenancy.json', async () => {
    const found = compare(await readTenancy(), await readFound(migrated.admin));
    if (found.length === 0) return;
    expect.fail(
      `The migrations make something else than what was decided in db/tenancy.json.\n\n${explain(found)}\n\n` +
        'If that is what you want, `npm run db:decisions` writes it there: commit the file, and let somebody read what changed.',
    );
  });
});

const plain = `create table attack_notes (id uuid primary key, name text not null unique, author_id uuid,
  created_at timestamptz not null default now())`;

describe('a relation that nobody decided about', () => {
  it.each([
    ['a table', plain],
    ['a copy of a table', 'create table attack_notes (like members including all)'],
    ['a table made of a query', 'create table attack_notes as select * from members'],
    ['a partitioned table', 'create table attack_notes (tenant_id uuid not null) partition by hash (tenant_id)'],
    ['a table that inherits', 'create table attack_notes () inherits (members)'],
    ['a view', 'create view attack_notes as select * from members'],
    ['a materialized view', 'create materialized view attack_notes as select * from members'],
    ['a sequence of its own', 'create sequence attack_notes'],
  ])('is told, when it is %s', async (_, statement) => {
    expect((await migrated.differencesAfter([statement])).map(({ object }) => object)).toEqual(['app.attack_notes']);
  });

  it('is told in every schema', async () => {
    const found = await migrated.afterMigration([], async () => {
      await migrated.admin.query(
        'reset role; create schema attack_queue; create table attack_queue.jobs (payload jsonb)',
      );
      return await migrated.differences();
    });
    expect(found.map(({ object }) => object)).toEqual(['attack_queue.jobs']);
  });

  it('comes with the line to add and the SQL that makes it a tenant table', async () => {
    const [difference] = await migrated.differencesAfter([plain]);
    expect(difference?.settle.join('\n')).toContain('"app.attack_notes": "tenant"');
    const statements = (difference?.settle ?? []).filter((line) => line.endsWith(';'));
    expect(statements.join('\n')).toContain('add PRIMARY KEY (tenant_id, id)');
    expect(
      await migrated.differencesAfter([plain, ...statements], migrated.decide({ 'app.attack_notes': 'tenant' })),
    ).toEqual([]);
  });

  it('comes with references that carry the tenant', async () => {
    const tables = [
      'create table attack_notes (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id), unique (id))',
      'create table attack_lines (id uuid primary key, note_id uuid references attack_notes (id) on delete set null)',
    ];
    const lines = (await migrated.differencesAfter(tables)).find(({ object }) => object === 'app.attack_lines');
    expect(lines?.settle.join('\n')).toContain(
      `add FOREIGN KEY (tenant_id, note_id) REFERENCES ${templateSchema}.attack_notes(tenant_id, id) ON DELETE SET NULL (note_id);`,
    );
    const statements = (lines?.settle ?? []).filter((line) => line.endsWith(';'));
    const left = await migrated.differencesAfter(
      [...tables, ...statements],
      migrated.decide({ 'app.attack_lines': 'tenant' }),
    );
    expect(left.map(({ object }) => object)).toEqual(['app.attack_notes']);
  });
});

describe('a decision', () => {
  const codes = 'create table attack_codes (code text primary key)';
  const grant = (privileges: string, role: string = roles.runtime) => `grant ${privileges} on attack_codes to ${role}`;

  it.each([
    ['tenant', [codes], 'it has no tenant_id'],
    ['tenant', ['create table attack_codes (tenant_id uuid not null)'], 'row-level security is not forced'],
    ['tenant', ['create view attack_codes as select * from members'], "it runs with its owner's rights"],
    [
      'tenant',
      ['create materialized view attack_codes as select * from members'],
      'a materialized view has no policies',
    ],
    ['tenant', ['create sequence attack_codes'], 'a sequence has no policies'],
    ['global: codes', ['create table attack_codes (tenant_id uuid)', grant('select')], 'it has a tenant_id'],
    ['platform', [codes, 'grant select on attack_codes to public'], 'the application may SELECT'],
    ['public', [codes], 'Nobody decided'],
    ...applicationRoles.flatMap((role): [decision: string, statements: string[], what: string][] => [
      ['global: codes', [codes, grant('select, insert', role)], 'the application may INSERT'],
      ['link', [codes, grant('select', role)], 'the application may SELECT'],
      ['platform', [codes, grant('update (code)', role)], 'the application may UPDATE'],
      ['platform', ['create sequence attack_codes', grant('usage', role)], 'the application may USAGE'],
    ]),
  ])('%s is not taken for what it is not: %j', async (decision, statements, what) => {
    const [difference, ...more] = await migrated.differencesAfter(
      statements,
      migrated.decide({ 'app.attack_codes': decision }),
    );
    expect(difference).toMatchObject({ object: 'app.attack_codes', what: expect.stringContaining(what) });
    expect(more).toEqual([]);
  });

  it.each([
    ['global: codes', [codes, grant('select', servedRole)]],
    ['link', [codes]],
    ['platform', [codes]],
    ['platform', ['create sequence attack_codes']],
  ])('%s is taken: %j', async (decision, statements) => {
    expect(await migrated.differencesAfter(statements, migrated.decide({ 'app.attack_codes': decision }))).toEqual([]);
  });

  it('has to be about something that is there', async () => {
    const decided = {
      ...migrated.decide({ 'app.gone': 'tenant' }),
      functions: { ...migrated.tenancy.functions, 'app.gone()': {} },
    };
    const found = await migrated.afterMigration([], () => migrated.differences(decided));
    expect(found.map(({ object, what }) => `${object}: ${what}`)).toEqual([
      'app.gone: There is no such relation.',
      'app.gone(): There is no such function.',
    ]);
  });
});
