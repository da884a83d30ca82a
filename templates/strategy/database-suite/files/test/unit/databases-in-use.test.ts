import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import { makePlace } from '../../src/tenancy/places/make.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { type Group, runGroup } from '../isolation/finding.ts';
import { execute } from '../isolation/session.ts';
import { lookIntoDatabases } from '../isolation/strategy/in-use.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { administrator } from './two-tenants.ts';

let test: TestDatabase;
let admin: pg.Client;
/** One of the databases of two tenants. */
let acme: string;

beforeAll(async () => {
  test = await createTestDatabase();
  admin = new pg.Client(test.adminUrl);
  await admin.connect();
  acme = await inhabit('acme');
  await inhabit('globex');
});
afterAll(async () => {
  await admin.end();
  await test.drop();
});

async function inhabit(slug: string): Promise<string> {
  const id = crypto.randomUUID();
  await asMigrator(admin, () =>
    admin.query('insert into platform.tenants (id, slug, name) values ($1, $2, $2)', [id, slug]),
  );
  await makePlace({ admin, environment: administrator(test) }, id);
  return (await asMigrator(admin, () => places(`where tenant_id = '${id}'`)))[0] ?? '';
}

async function places(rest: string): Promise<string[]> {
  const { rows } = await admin.query<{ database: string }>(`select database from platform.places ${rest}`);
  return rows.map(({ database }) => database);
}

const change = (what: string) =>
  asMigrator(admin, () => admin.query(`update platform.places set ${what} where database = '${acme}'`));

const urlOf = (database: string): string => Object.assign(new URL(test.adminUrl), { pathname: `/${database}` }).href;

const at = async (database: string, ...statements: readonly string[]): Promise<void> =>
  await execute(urlOf(database), statements);

async function look(most?: number): Promise<Group> {
  const group = await runGroup('databases', (recorder) => lookIntoDatabases(admin, 'quick', recorder, most));
  expect(group.stopped).toBeUndefined();
  return group;
}

/** What is told of a database, a line for each finding. */
const told = ({ findings }: Group): string[] =>
  findings.map(({ threat, object, leaked }) => `${threat} ${object}: ${leaked}`);

const members = 'app.members';
const policy = (name: string, kind: string): string =>
  `create policy ${name} on ${members} as ${kind} for all to ${roles.tenants}
  using (tenant_id = (select app.tenant_id())) with check (tenant_id = (select app.tenant_id()))`;
const [floor, allow] = [policy('tenant_floor', 'restrictive'), policy('tenant_allow', 'permissive')];

describe("tenants' databases that are in use", () => {
  /** Statements that put back what a test broke. */
  let mend: (() => Promise<unknown>) | undefined;
  afterEach(async () => {
    await mend?.();
    mend = undefined;
  });

  it.each([
    [
      'row-level security was switched off',
      [`alter table ${members} disable row level security`],
      [`alter table ${members} enable row level security`],
      [/^K7 t_.*lacks table members row security forced/, /^A2 app.members in t_.*: row-level security is off/],
    ],
    [
      'row-level security is not forced',
      [`alter table ${members} no force row level security`],
      [`alter table ${members} force row level security`],
      [/^K7 t_.*lacks table members row security forced/, /^A2 app.members in t_.*: row-level security is not forced/],
    ],
    [
      'a policy was dropped',
      [`drop policy tenant_floor on ${members}`],
      [floor],
      [/^K7 t_.*lacks policy members.tenant_floor/, /^C3 app.members in t_.*: has no restrictive policy/],
    ],
    [
      'a policy lets everything through',
      [`alter policy tenant_allow on ${members} using (true)`],
      [`drop policy tenant_allow on ${members}`, allow],
      [/^K7 t_.*policy members.tenant_allow/, /^C3 app.members in t_.*: tenant_allow lets reads through/],
    ],
    [
      'a policy is for another role',
      [`alter policy tenant_floor on ${members} to ${roles.runtime}`],
      [`alter policy tenant_floor on ${members} to ${roles.tenants}`],
      [/^K7 t_.*lacks policy members.tenant_floor/, /^C3 app.members in t_.*: has no restrictive policy/],
    ],
    [
      'rows of others are let in',
      [`alter table ${members} drop constraint tenant_here`],
      undefined,
      [/^K7 t_.*lacks constraint members.tenant_here/],
    ],
    [
      'everybody reads a table',
      [`grant select on ${members} to public`],
      [`revoke select on ${members} from public`],
      [/^K7 t_.*has grant select on members to public/],
    ],
    [
      'new tables may be made',
      [`create schema attic; grant usage, create on schema attic to public`],
      ['drop schema attic'],
      [/^A10 attic in t_/],
    ],
    [
      'sessions start with a context',
      [`do $$ begin execute format('alter database %I set app.tenant_id = %L', current_database(), 'x'); end $$`],
      [`do $$ begin execute format('alter database %I reset app.tenant_id', current_database()); end $$`],
      [/^B11 database t_.*: starts with app.tenant_id already set/],
    ],
    [
      'everybody may connect',
      [`do $$ begin execute format('grant connect on database %I to public', current_database()); end $$`],
      [`do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$`],
      [/^K7 t_.*has grant connect on t_\w+ to public/],
    ],
  ] as const)('are told of where %s, and no other', async (_, breaks, mends, wanted) => {
    const definition = `select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'tenant_here' and conrelid = '${members}'::regclass`;
    const { rows } = await withClient(urlOf(acme), (there) => there.query<{ text: string }>(definition));
    await at(acme, ...breaks);
    mend = () => at(acme, ...(mends ?? [`alter table ${members} add constraint tenant_here ${rows[0]?.text}`]));
    const group = await look();
    for (const pattern of wanted) expect(told(group)).toContainEqual(expect.stringMatching(pattern));
    for (const { object, attack, reproduce } of group.findings) {
      expect(object).toContain(acme);
      expect(attack).toMatch(/database of acme\b/);
      expect(reproduce).toMatch(new RegExp(`^-- in ${acme}.*\n.*;`));
    }
    expect(group.left).toEqual([]);
  });

  it('are looked into, all of them, and are as closed as the template once that was mended', async () => {
    const { findings, left, tried, extent, notes } = await look();
    expect(findings).toEqual([]);
    expect(left).toEqual([]);
    expect(tried.get('K7')).toBe(2);
    expect(tried.get('A2')).toBeGreaterThanOrEqual(2);
    expect(extent).toBe('2 of 2 databases of tenants looked into');
    expect(notes).toEqual([extent]);
  });

  it('are told of where one is gone, and where one is nobody’s', async () => {
    const gone = `t_${'0'.repeat(32)}`;
    await change(`database = '${gone}'`);
    mend = () =>
      asMigrator(admin, () =>
        admin.query(`update platform.places set database = '${acme}' where database = '${gone}'`),
      );
    expect(told(await look()).sort()).toEqual(
      [`K7 ${gone}: lacks the database itself`, `K7 ${acme}: is there, and nobody migrates or erases it`].sort(),
    );
  });

  it('that lack migrations are told to be migrated', async () => {
    await at(acme, `drop policy tenant_floor on ${members}`);
    await change(`version = 'an older one'`);
    mend = async () => {
      await at(acme, floor);
      await change('version = (select version from platform.template)');
    };
    const { findings } = await look();
    expect(findings.find(({ threat }) => threat === 'K7')?.fix).toMatch(/^npm run db:migrate -- --tenant acme/);
  });

  it('are named where they cannot be reached, which is no finding', async () => {
    await admin.query(`alter database ${acme} allow_connections false`);
    mend = () => admin.query(`alter database ${acme} allow_connections true`);
    const { findings, left, extent } = await look();
    expect(findings).toEqual([]);
    expect(extent).toBe('1 of 2 databases of tenants looked into');
    expect(left).toEqual([
      {
        threat: 'K7',
        why: expect.stringMatching(new RegExp(`could not be read: acme \\(${acme}\\): .*not currently accepting`)),
      },
    ]);
  });

  it('are named where they are on another server, to which nobody connects', async () => {
    await change(`host = 'db.invalid'`);
    mend = () => change('host = null');
    const { findings, left, extent } = await look();
    expect(findings).toEqual([]);
    expect(extent).toBe('1 of 2 databases of tenants looked into');
    expect(left).toEqual([
      {
        threat: 'K7',
        why: expect.stringMatching(new RegExp(`on other servers.*not sent: acme \\(${acme}\\) on db.invalid$`)),
      },
    ]);
  });

  it('are some of them when there are many, and the report says how many', async () => {
    const { left, extent, tried } = await look(1);
    expect(tried.get('K7')).toBe(1);
    expect(extent).toBe('1 of 2 databases of tenants looked into');
    expect(left).toEqual([
      { threat: 'K7', why: expect.stringMatching(/1 of 2, others each time: --full looks into all$/) },
    ]);
  });

  it.each(['new', 'cloned', 'login', 'leaving'])('are not looked into while their state is %s', async (state) => {
    await at(acme, `drop policy tenant_floor on ${members}`);
    await change(`state = '${state}'`);
    mend = async () => {
      await at(acme, floor);
      await change(`state = 'taken'`);
    };
    const { findings, left, extent, notes } = await look();
    expect([findings, left]).toEqual([[], []]);
    expect(extent).toBe('1 of 1 databases of tenants looked into');
    expect(notes).toContain('databases that are being made or erased: 1');
  });

  it('are looked at again before anything is told: one that is erased meanwhile is left out', async () => {
    await at(acme, `drop policy tenant_floor on ${members}`);
    mend = async () => {
      await at(acme, floor);
      await change(`state = 'taken'`);
    };
    await withClient(urlOf(acme), async (other) => {
      await other.query(`begin; lock table ${members} in access exclusive mode`);
      const looking = look();
      const waiting = `select from pg_locks where database = (select oid from pg_database where datname = '${acme}') and not granted`;
      await expect.poll(async () => (await admin.query(waiting)).rowCount, { interval: 5 }).toBe(1);
      await change(`state = 'leaving'`);
      await other.query('rollback');
      const { findings, left, extent } = await looking;
      expect([findings, left]).toEqual([[], []]);
      expect(extent).toBe('1 of 1 databases of tenants looked into');
    });
  });
});

describe('where no tenant has a database', () => {
  it('that is said', async () => {
    await asMigrator(admin, () => admin.query(`update platform.places set state = 'leaving'`));
    const { left, extent } = await look();
    expect(extent).toBe('0 of 0 databases of tenants looked into');
    expect(left).toEqual([{ threat: 'K7', why: expect.stringMatching(/no tenant has a database/) }]);
  });
});
