import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTenant,
  deleteTenant,
  listTenants,
  purgeTenants,
  resumeTenant,
  suspendTenant,
  TenantError,
} from '../../src/platform/tenants.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = new pg.Client(world.test.platformUrl);
  await platform.connect();
});
afterAll(async () => {
  await platform.end();
  await world.drop();
});

const create = (slug: string, owner?: string) =>
  createTenant(platform, { slug, owner, environment: administrator(world.test) });
const find = async (slug: string) =>
  (await world.database.lookup({ text: 'select id, slug, status from platform.find_tenant($1)', values: [slug] })).rows;

describe('createTenant', () => {
  it('makes a tenant with an owner', async () => {
    const created = await create('carol', 'carol@example.com');
    expect(created).toMatchObject({ slug: 'carol', tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await find('carol')).toEqual([{ id: created.tenantId, slug: 'carol', status: 'active' }]);
    const members = await runAsTenant({ id: created.tenantId as typeof world.ada.id, slug: 'carol' }, () =>
      world.database.reader.selectFrom('members').select(['subject', 'role']).execute(),
    );
    expect(members).toEqual([{ subject: 'carol@example.com', role: 'owner' }]);
  });

  it('refuses a slug that is taken, and leaves nothing of the second', async () => {
    const before = await world.everySubject();
    await expect(create('ada')).rejects.toThrow(/already/);
    expect(await world.everySubject()).toEqual(before);
  });

  it.each(['', '-a', 'Ada', 'a-', 'a--b', 'www', 'api', 'a'.repeat(41), 'ada.example', 'ad a', `ada'`])(
    'refuses the slug %j',
    async (slug) => {
      await expect(create(slug)).rejects.toThrow(TenantError);
    },
  );
});

describe('the life of a tenant', () => {
  it('is suspended, resumed, deleted, and resumed again', async () => {
    await create('dora');
    expect(await suspendTenant(platform, 'dora')).toMatchObject({ status: 'suspended', purgeAfter: null });
    expect(await find('dora')).toEqual([]);
    expect(await resumeTenant(platform, 'dora')).toMatchObject({ status: 'active' });
    const deleted = await deleteTenant(platform, 'dora');
    expect(deleted.status).toBe('deleted');
    expect(Math.round((Number(deleted.purgeAfter) - Date.now()) / 86_400_000)).toBe(30);
    expect(await find('dora')).toEqual([]);
    await expect(suspendTenant(platform, 'dora')).rejects.toThrow(/is deleted/);
    expect(await resumeTenant(platform, 'dora')).toMatchObject({ status: 'active', purgeAfter: null });
    expect(await find('dora')).toHaveLength(1);
  });

  it('is told apart from a tenant that is not there', async () => {
    for (const change of [suspendTenant, resumeTenant, deleteTenant]) {
      await expect(change(platform, 'nobody')).rejects.toThrow(/There is no tenant "nobody"/);
    }
  });
});

describe('listTenants', () => {
  it('says where the rows of each are', async () => {
    const listed = (await listTenants(platform)).find(({ slug }) => slug === 'ada');
    expect(listed).toMatchObject({ tenantId: world.ada.id, status: 'active', strategy: placement.strategy });
    const [schema] = tenantTable(world.ada.id, 'members').split('.');
    const database = new URL((await world.urlsOf(world.ada)).adminUrl).pathname.slice(1);
    const own = { 'shared-schema': null, 'schema-per-tenant': schema, 'database-per-tenant': database };
    expect(listed?.place).toBe(own[placement.strategy as keyof typeof own]);
  });
});

describe('purgeTenants', () => {
  it('erases what is past its grace period, and nothing else', async () => {
    const { tenantId: erin } = await create('erin');
    await create('fred');
    await deleteTenant(platform, 'erin', 0);
    await deleteTenant(platform, 'fred', 1);
    const before = await world.everySubject();
    const [purged, ...others] = await purgeTenants(platform, administrator(world.test));
    expect(others).toEqual([]);
    expect(purged).toMatchObject({ slug: 'erin', rows: { [tenantTable(erin, 'members')]: 1 } });
    expect(await world.everySubject()).toEqual(before.filter((subject) => subject !== 'owner@erin'));
    expect((await listTenants(platform)).map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(['ada', 'bob', 'fred']),
    );
    expect((await listTenants(platform)).map(({ slug }) => slug)).not.toContain('erin');
    expect(await purgeTenants(platform, administrator(world.test))).toEqual([]);
  });
});

describe('the platform role', () => {
  let there: pg.Client;
  beforeAll(async () => {
    there = new pg.Client((await world.urlsOf(world.bob)).platformUrl);
    await there.connect();
  });
  afterAll(() => there.end());

  it.each([
    'select subject from members',
    'select tenant_id from members where subject is not null',
    `update members set role = 'owner'`,
    'truncate members',
    'select app.tenant_id()',
    `update platform.tenants set slug = 'x'`,
    'drop table members',
  ])('may not %s', async (statement) => {
    const text = statement.replace('members', tenantTable(world.bob.id, 'members'));
    await expect(there.query(text)).rejects.toThrow(expect.objectContaining({ code: '42501' }));
  });

  it('finds and erases no row of a living tenant', async () => {
    const members = tenantTable(world.bob.id, 'members');
    for (const statement of [`select tenant_id from ${members}`, `delete from ${members}`])
      expect((await there.query(`${statement} where tenant_id = $1`, [world.bob.id])).rowCount).toBe(0);
    expect(await world.everySubject()).toContain('owner@bob');
  });
});
