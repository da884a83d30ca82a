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
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { withClient } from '../setup/database.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = await world.connect(world.test.platformUrl);
});
afterAll(() => world.drop());

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

  it('erases nothing of a tenant with a table by hand, and says what mends it', async () => {
    const { tenantId: gina } = await create('gina');
    const notes = tenantTable(gina, 'notes');
    const { adminUrl } = await world.urlsOf({ id: tenantId(gina), slug: 'gina' });
    // Not for longer than a statement: the place may be gone afterwards.
    const run = (text: string) => withClient(adminUrl, (admin) => admin.query(text));
    await run(`create table ${notes} (tenant_id uuid not null, note text)`);
    await run(`insert into ${notes} values ('${gina}', 'personal')`);
    await deleteTenant(platform, 'gina', 0);
    const purge = () => purgeTenants(platform, administrator(world.test));
    const refused = await purge().then(
      () => '',
      (error: Error) => error.message,
    );
    const [sentence, ...statements] = refused.split('\n');
    expect(sentence).toMatch(/^gina was not erased: .*notes\. Next: in a migration, or as the administrator:$/);
    const members = await run(`select from ${tenantTable(gina, 'members')} where tenant_id = '${gina}'`);
    expect(members.rowCount).toBe(1);
    await run(statements.join(' '));
    expect(await purge()).toMatchObject([{ slug: 'gina', rows: { [notes]: 1 } }]);
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
    `insert into platform.tenants (id, slug, name, created_at) values (gen_random_uuid(), 'x', 'x', now() + interval '1 day')`,
    `update platform.tenants set created_at = now(), created_in = pg_current_xact_id()`,
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

  /** A row with nothing but its tenant: policies are asked before constraints. */
  const enter = async () => {
    const [schema] = tenantTable(world.bob.id, '').split('.');
    const { rows } = await there.query<{ name: string }>(
      `select oid::regclass::text as name
      from pg_catalog.pg_class
      where relnamespace = $1::regnamespace and relkind = 'r' and has_table_privilege(oid, 'insert')`,
      [schema],
    );
    expect(rows.map(({ name }) => name)).toContain(tenantTable(world.bob.id, 'members'));
    for (const { name } of rows) {
      await there.query('savepoint before');
      await expect(there.query(`insert into ${name} (tenant_id) values ($1)`, [world.bob.id])).rejects.toThrow(
        expect.objectContaining({ code: '42501' }),
      );
      await there.query('rollback to savepoint before');
    }
  };

  it('lets itself into no tenant that is there, nor into one whose members it erased', async () => {
    await there.query('begin');
    try {
      await enter();
      const past = `status = 'deleted', purge_after = now() - interval '1 second'`;
      await there.query(`update platform.tenants set ${past} where id = $1`, [world.bob.id]);
      await there.query(`delete from ${tenantTable(world.bob.id, 'members')} where tenant_id = $1`, [world.bob.id]);
      await there.query(`update platform.tenants set status = 'active', purge_after = null where id = $1`, [
        world.bob.id,
      ]);
      await enter();
    } finally {
      await there.query('rollback');
    }
  });

  it('lets itself into none that another transaction made at the same moment', async () => {
    await there.query('begin');
    try {
      const { adminUrl } = await world.urlsOf(world.bob);
      const { rows } = await there.query<{ moment: string }>('select now()::text as moment');
      await withClient(adminUrl, (admin) =>
        admin.query('update platform.tenants set created_at = $1 where id = $2', [rows[0]?.moment, world.bob.id]),
      );
      await enter();
    } finally {
      await there.query('rollback');
    }
  });

  it('makes no tenant anew over its rows', async () => {
    for (const client of [there, platform]) {
      const forget = () => client.query('delete from platform.tenants where id = $1', [world.bob.id]);
      await expect(forget()).rejects.toThrow('the grace period of this tenant is not over');
      await client.query('begin');
      const past = `status = 'deleted', purge_after = now() - interval '1 second'`;
      await client.query(`update platform.tenants set ${past} where id = $1`, [world.bob.id]);
      await expect(forget()).rejects.toThrow(
        /there are rows of this tenant in|the rows of this tenant are still there/,
      );
      await client.query('rollback');
    }
  });
});
