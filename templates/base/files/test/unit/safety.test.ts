import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import type { ContextStatement } from '../../src/tenancy/strategy.ts';
import { tenantSetting } from '../../src/tenancy/enter.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { assertSafe } from '../../src/tenancy/safety.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import { servedRole } from '../setup/places.ts';
import type { TestDatabase } from '../setup/test-database.ts';
import { createTwoTenants } from './two-tenants.ts';

const members = `${templateSchema}.members`;
let world: Awaited<ReturnType<typeof createTwoTenants>>;
let test: TestDatabase;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  test = world.test;
  admin = new pg.Client((await world.urlsOf(world.ada)).adminUrl);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await world.drop();
});

/** Opens the database as the application does, and gets to a tenant. */
const open = async (url = test.runtimeUrl) => {
  const database = await openDatabase({ ...readConfig(test.environment), database: { url, poolSize: 1, lanes: 1 } });
  try {
    await runAsTenant(world.ada, () => database.read({ text: 'select' }));
  } finally {
    await database.close();
  }
};

/** Breaks a defence, expects the refusal, and mends it again. */
async function refused(breaks: string, mends: string, message: RegExp): Promise<void> {
  await admin.query(breaks);
  try {
    await expect(open()).rejects.toThrow(message);
  } finally {
    await admin.query(mends);
  }
  await expect(open()).resolves.toBeUndefined();
}

describe('openDatabase', () => {
  it('accepts what the migrations made', () => expect(open()).resolves.toBeUndefined());

  it.each([
    [
      'not forced',
      `alter table ${members} no force row level security`,
      `alter table ${members} force row level security`,
    ],
    ['off', `alter table ${members} disable row level security`, `alter table ${members} enable row level security`],
  ])('refuses a table whose row-level security is %s', (_, breaks, mends) =>
    refused(
      breaks,
      mends,
      new RegExp(
        `${members} does not force row-level security\\. Next: alter table ${members} enable row level security, force`,
      ),
    ),
  );

  it('refuses sessions in which row_security is off', async () => {
    const url = Object.assign(new URL(test.runtimeUrl), {
      search: '?sslmode=disable&options=-c row_security=off',
    }).href;
    await expect(open(url)).rejects.toThrow(/row_security is off in its sessions\. Next: take it out/);
  });

  const condition = '(tenant_id = (select app.tenant_id()))';
  const policy = (name: string, kind: string, using = condition) =>
    `create policy ${name} on ${members} as ${kind} to ${servedRole} using ${using} with check ${using}`;
  const drop = (name: string) => `drop policy ${name} on ${members};`;
  it.each([
    ['tenant_floor', 'restrictive'],
    ['tenant_allow', 'permissive'],
  ])('refuses a table without %s, or with one that lets everything through', async (name, kind) => {
    const message = new RegExp(`${members} lacks a ${kind} policy by tenant.*create ${name}`);
    await refused(drop(name), policy(name, kind), message);
    for (const using of ['(true)', `(${condition} or role = 'owner')`, `(${condition} or true)`])
      await refused(`${drop(name)} ${policy(name, kind, using)}`, `${drop(name)} ${policy(name, kind)}`, message);
  });

  it('refuses a permissive policy that only the floor makes up for', () =>
    refused(
      policy('all_owners', 'permissive', `(role = 'owner')`),
      drop('all_owners'),
      new RegExp(
        `${members}: the permissive policy all_owners lets .* past its tenant\\. Next: drop policy "all_owners" on ${members}`,
      ),
    ));

  const commands = { select: 'using', delete: 'using', insert: 'with check' };
  const byCommand = (kind: string) =>
    [
      ...Object.entries(commands).map(([command, clause]) => `for ${command} to ${servedRole} ${clause} ${condition}`),
      `for update to ${servedRole} using ${condition} with check ${condition}`,
    ].map((rest, index) => `create policy ${kind}_${index} on ${members} as ${kind} ${rest};`);
  it.each([
    ['under other names', [policy('floor_of_tenant', 'restrictive'), policy('tenant', 'permissive')].join(';')],
    ['for each command', [...byCommand('restrictive'), ...byCommand('permissive')].join('')],
    [
      'with more conditions',
      [policy('a', 'restrictive', `(${condition} and role <> 'x')`), policy('b', 'permissive')].join(';'),
    ],
  ])('accepts policies that do the same %s', async (_, policies) => {
    await admin.query(`begin; ${drop('tenant_floor')} ${drop('tenant_allow')} ${policies}; commit`);
    await expect(open()).resolves.toBeUndefined();
    const made = await admin.query<{ name: string }>(
      `select polname as name from pg_policy where polrelid = '${members}'::regclass and polname !~ '^(tenant_migrate|platform_)'`,
    );
    const again = [policy('tenant_floor', 'restrictive'), policy('tenant_allow', 'permissive')];
    await admin.query([...made.rows.map(({ name }) => `drop policy "${name}" on ${members}`), ...again].join(';'));
  });

  it('refuses policies for each command that leave one out', () =>
    refused(
      [drop('tenant_floor'), ...byCommand('restrictive').slice(1)].join(''),
      [...[1, 2, 3].map((index) => drop(`restrictive_${index}`)), policy('tenant_floor', 'restrictive')].join(''),
      new RegExp(`${members} lacks a restrictive policy by tenant for all commands`),
    ));

  it('refuses a table that does not say whose its rows are', () =>
    refused(
      `create table ${templateSchema}.loose (id uuid)`,
      `drop table ${templateSchema}.loose`,
      new RegExp(`${templateSchema}.loose has no column tenant_id`),
    ));

  it('refuses to log in as the administrator', async () => {
    await expect(open(test.adminUrl)).rejects.toThrow(/is superuser|owns the database/);
  });

  it('refuses to log in as the platform role', async () => {
    await expect(open(test.platformUrl)).rejects.toThrow(
      new RegExp(`whom no policy names. Next: log in as ${roles.runtime}`),
    );
  });

  it('refuses a login that can become the owner, by however many steps', async () => {
    const database = new URL(test.runtimeUrl).pathname.slice(1);
    const [login, between] = [`login_${randomBytes(4).toString('hex')}`, `between_${randomBytes(4).toString('hex')}`];
    await admin.query(
      `create role ${login} login password 'x'; create role ${between}; grant ${roles.owner} to ${between}; grant ${between} to ${login}; grant connect on database ${database} to ${login}`,
    );
    try {
      const url = Object.assign(new URL(test.runtimeUrl), { username: login, password: 'x' }).href;
      await expect(open(url)).rejects.toThrow(
        new RegExp(`${login} can become ${roles.owner}, which owns tables of the application`),
      );
    } finally {
      await admin.query(
        `revoke connect on database ${database} from ${login}; drop role ${login}; drop role ${between}`,
      );
    }
  });

  it('says so when nothing was migrated', async () => {
    await expect(
      assertSafe({ url: test.runtimeUrl, login: roles.runtime, schema: 'nowhere', secrets: [] }),
    ).rejects.toThrow(/no tables. Next: npm run db:migrate/);
  });

  it('refuses a secret that the database does not know', async () => {
    const enter = (): ContextStatement => ({ settings: [[tenantSetting, 'x.y.z']] });
    const secrets = [{ name: 'the lost secret', enter }];
    await expect(assertSafe({ url: test.runtimeUrl, login: roles.runtime, secrets })).rejects.toThrow(
      /does not accept the lost secret/,
    );
  });
});
