import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import type { Difference } from '../isolation/decisions/compare.ts';
import type { Tenancy } from '../isolation/decisions/file.ts';
import { readFound } from '../isolation/decisions/found.ts';
import { applicationRoles, theApplication } from '../isolation/decisions/reaching.ts';
import { renew } from '../isolation/decisions/renew.ts';
import { toFollow } from '../isolation/decisions/statements.ts';
import { servedRole } from '../setup/places.ts';
import { openMigrated } from './migrated.ts';

/** As decisions call it. */
const served = Object.entries(roles).find(([, role]) => role === servedRole)?.[0] ?? '';

let migrated: Awaited<ReturnType<typeof openMigrated>>;
beforeAll(async () => {
  migrated = await openMigrated();
});
afterAll(() => migrated.drop());

/** A tenant table with everything that is standard, and the decision for it. */
function notes(): [statements: string[], decided: Tenancy] {
  const table = { name: 'attack_notes', kind: 'table', root: null, facts: {}, reach: [], keys: [] } as const;
  const columns = ['tenant_id', 'id', 'name'];
  const made = `create table attack_notes (tenant_id uuid not null, id uuid not null, name text)`;
  const standard = toFollow(migrated.tenancy.standard['tenant'] ?? {}, { ...table, columns });
  return [[made, ...standard], migrated.decide({ 'app.attack_notes': 'tenant' })];
}

function differencesOfNotes(statements: readonly string[]): Promise<Difference[]> {
  const [made, decided] = notes();
  return migrated.differencesAfter([...made, ...statements], decided);
}

describe('what people reviewed', () => {
  const changes: [what: string, statement: string, key: string][] = [
    ['a policy is widened', 'alter policy tenant_allow on attack_notes using (true)', 'policy tenant_allow'],
    [
      'the floor lets writes through',
      'alter policy tenant_floor on attack_notes with check (true)',
      'policy tenant_floor',
    ],
    ['the floor is dropped', 'drop policy tenant_floor on attack_notes', 'policy tenant_floor'],
    ['a policy is for more roles', 'alter policy tenant_migrate on attack_notes to public', 'policy tenant_migrate'],
    ['a policy is added', 'create policy more on attack_notes using (true)', 'policy more'],
    ['a policy is renamed', 'alter policy tenant_allow on attack_notes rename to a', 'policy tenant_allow'],
    ['TRUNCATE is granted', `grant truncate on attack_notes to ${servedRole}`, `grant to ${served}`],
    [
      'a right can be passed on',
      `grant select on attack_notes to ${servedRole} with grant option`,
      `grant to ${served}`,
    ],
    ['a column is granted', `grant select (name) on attack_notes to ${roles.platform}`, 'grant to platform'],
    ['everybody may read', 'grant select on attack_notes to public', 'grant to public'],
    ['a right is taken away', `revoke delete on attack_notes from ${servedRole}`, `grant to ${served}`],
  ];

  it.each(changes)('is held against the migrations when %s, with the SQL that undoes it', async (_, statement, key) => {
    const [made, decided] = notes();
    await migrated.afterMigration([...made, statement], async () => {
      const found = await migrated.differences(decided);
      expect(found[0]).toMatchObject({ object: 'app.attack_notes', what: expect.stringContaining(key) });
      for (const text of found.flatMap(({ settle }) => settle)) await migrated.admin.query(text);
      expect(await migrated.differences(decided)).toEqual([]);
    });
  });

  it('shows the old and the new text', async () => {
    const [found] = await differencesOfNotes(['alter policy tenant_allow on attack_notes using (true)']);
    expect(found?.what.split('\n')).toEqual([
      'policy tenant_allow',
      expect.stringContaining(`  reviewed: for all to ${served} using (tenant_id = `),
      expect.stringContaining(`  now:      for all to ${served} using (true) with check (tenant_id = `),
    ]);
  });

  it.each([
    [
      'does something else',
      'app.tenant_id()',
      'create or replace function app.tenant_id() returns uuid language sql as $$ select null::uuid $$',
      'body',
    ],
    ['is for everybody', 'app.tenant_id()', 'grant execute on function app.tenant_id() to public', 'grant to public'],
    ['is volatile', 'app.tenant_id()', 'alter function app.tenant_id() volatile', 'kind'],
    [
      'runs names of the caller',
      'platform.find_tenant(text)',
      'alter function platform.find_tenant(text) reset search_path',
      'set search_path',
    ],
  ])('covers functions: one that %s', async (_, name, statement, key) => {
    const found = await differencesOfNotes([statement]);
    expect(found.map(({ object }) => object)).toContain(name);
    expect(found.map(({ what }) => what.split('\n')[0])).toContain(key);
  });

  it('covers functions that nobody has looked at', async () => {
    const found = await differencesOfNotes([
      'create function attack_everything() returns bigint language sql security definer as $$ select count(*) from attack_notes $$',
      'create function attack_is_any(uuid) returns boolean language sql stable as $$ select true $$',
      'create function attack_is_open(id uuid) returns boolean language sql stable return attack_is_any(id)',
      'create policy open on attack_notes for select using (attack_is_open(tenant_id))',
    ]);
    expect(found.map(({ object }) => object)).toEqual([
      'app.attack_notes',
      'app.attack_everything()',
      'app.attack_is_any(uuid)',
      'app.attack_is_open(uuid)',
    ]);
  });

  it('covers privileges that new tables will have', async () => {
    const found = await differencesOfNotes([
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
      'create table attack_events (tenant_id uuid not null) partition by hash (tenant_id)',
      'create table attack_events_0 partition of attack_events for values with (modulus 1, remainder 0)',
    ];
    const partitions = async (statements: readonly string[]) =>
      (await differencesOfNotes([...tables, ...statements])).filter(({ object }) => object === 'app.attack_events_0');
    expect(await partitions([])).toEqual([]);
    for (const role of applicationRoles) {
      expect(await partitions([`grant select on attack_events_0 to ${role}`])).toMatchObject([
        { settle: [`revoke all on ${templateSchema}.attack_events_0 from ${theApplication};`] },
      ]);
    }
  });
});

describe('no decision is asked for', () => {
  it.each([
    [
      'comments',
      [`comment on table attack_notes is 'who'`, `comment on policy tenant_floor on attack_notes is 'stops'`],
    ],
    ['an index', ['create index on attack_notes (tenant_id, name)']],
    ['a column', ['alter table attack_notes add column nickname text']],
    ['a check', ['alter table attack_notes add check (char_length(name) > 2)']],
    [
      'statistics',
      [
        'create statistics attack_who (dependencies) on tenant_id, name from attack_notes',
        'alter table attack_notes alter column name set statistics 500',
      ],
    ],
    [
      'a function with the rights of who calls',
      ['create function attack_twice(n integer) returns integer language sql as $$ select n * 2 $$'],
    ],
    [
      'a type and a domain',
      [`create type attack_size as enum ('s', 'm')`, 'create domain attack_percent as integer check (value < 101)'],
    ],
    [
      'a sequence of a column',
      ['create table attack_codes (n bigint generated always as identity)', 'drop table attack_codes'],
    ],
  ])('for %s', async (_, statements) => {
    expect(await differencesOfNotes(statements)).toEqual([]);
  });
});

describe('npm run db:decisions', () => {
  const renewedAfter = (statements: readonly string[]) =>
    migrated.afterMigration(statements, async () => {
      const renewed = renew(migrated.tenancy, await readFound(migrated.admin));
      return { renewed, left: (await migrated.differences(renewed)).map(({ object }) => object) };
    });

  it('changes nothing where nothing changed', async () => {
    expect((await renewedAfter([])).renewed).toEqual(migrated.tenancy);
  });

  it('writes what changed, and decisions that are plain', async () => {
    const { renewed, left } = await renewedAfter([
      ...notes()[0],
      'alter policy tenant_allow on attack_notes rename to a',
    ]);
    expect(left).toEqual([]);
    expect(renewed.relations['app.attack_notes']).toBe('tenant');
    expect(renewed.exceptions['app.attack_notes']).toEqual({
      'policy a': migrated.tenancy.standard['tenant']?.['policy tenant_allow'],
      'policy tenant_allow': 'none',
    });
  });

  it('leaves what a person has to decide, and what nobody may', async () => {
    const { renewed, left } = await renewedAfter([
      'create table attack_codes (code text)',
      'create view attack_everybody as select * from members',
      `grant select on platform.tenants to ${roles.runtime}`,
      'alter table members no force row level security',
    ]);
    expect(renewed.relations).toMatchObject({ 'app.attack_codes': 'undecided', 'app.attack_everybody': 'undecided' });
    expect(left).toEqual(['app.attack_codes', 'app.attack_everybody', 'app.members', 'platform.tenants']);
  });
});
