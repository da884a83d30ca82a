import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

type World = Awaited<ReturnType<typeof createTwoTenants>>;
let world: World;
let bobsBefore: string[];

beforeAll(async () => {
  world = await createTwoTenants();
  bobsBefore = (await world.everySubject()).filter((subject) => subject !== 'owner@ada');
});
afterAll(() => world.drop());

const asAda = <T>(work: () => Promise<T>) => runAsTenant(world.ada, work);
const code = (value: string) => expect.objectContaining({ code: value });
/** Ada's table. */
const members = () => tenantTable(world.ada.id, 'members');

describe('a tenant', () => {
  it('has neighbours to be kept from', () => expect(bobsBefore).toHaveLength(6));

  it('reads its own rows and no others, every way', async () => {
    const { database } = world;
    const own = [{ subject: 'owner@ada' }];
    expect((await asAda(() => database.query(subjects(world.ada)))).rows).toEqual(own);
    expect((await asAda(() => database.read(subjects(world.ada)))).rows).toEqual(own);
    expect(await asAda(() => database.writer.selectFrom('members').select('subject').execute())).toEqual(own);
    expect(await asAda(() => database.reader.selectFrom('members').select('subject').execute())).toEqual(own);
    const inside = asAda(() =>
      database.transaction((connection) => connection.selectFrom('members').select('subject').execute()),
    );
    expect(await inside).toEqual(own);
  });

  it('reads nothing by naming the other tenant', async () => {
    const byId = { text: `select subject from ${members()} where tenant_id = $1`, values: [world.bob.id] };
    expect((await asAda(() => world.database.query(byId))).rows).toEqual([]);
  });

  it('cannot insert a row for another tenant', async () => {
    const text = `insert into ${members()} (tenant_id, id, subject, role) values ($1, $2, 'mallory', 'owner')`;
    const insert = asAda(() => world.database.query({ text, values: [world.bob.id, crypto.randomUUID()] }));
    await expect(insert).rejects.toThrow(code('42501'));
  });

  it('cannot hand its rows to another tenant', async () => {
    const update = { text: `update ${members()} set tenant_id = $1`, values: [world.bob.id] };
    await expect(asAda(() => world.database.query(update))).rejects.toThrow(code('42501'));
  });

  it('changes and deletes only its own rows without a where', async () => {
    const { database } = world;
    const update = await asAda(() => database.query({ text: `update ${members()} set email = 'x@example.com'` }));
    expect(update.rowCount).toBe(1);
    await expect(
      asAda(() =>
        database.transaction(async (connection) => {
          const [result] = await connection.deleteFrom('members').execute();
          expect(result?.numDeletedRows).toBe(1n);
          throw new Error('undone');
        }),
      ),
    ).rejects.toThrow('undone');
    expect((await world.everySubject()).filter((subject) => subject !== 'owner@ada')).toEqual(bobsBefore);
  });

  it('is itself in 400 interleaved statements on few connections', async () => {
    const { database, ada, bob } = world;
    const runs = Array.from({ length: 400 }, async (_, index) => {
      const tenant = index % 2 === 0 ? ada : bob;
      const run = index % 3 === 0 ? database.query : database.read;
      const { rows } = await runAsTenant(tenant, () => run<{ subject: string }>(subjects(tenant)));
      return rows.length === (tenant === ada ? 1 : 6) && rows.every(({ subject }) => subject.includes(tenant.slug));
    });
    expect(await Promise.all(runs)).not.toContain(false);
  });
});

describe('without a tenant', () => {
  it('no statement is sent', async () => {
    for (const run of [world.database.query, world.database.read])
      await expect(run(subjects(world.ada))).rejects.toThrow(code('no-tenant'));
    await expect(world.database.transaction(async () => {})).rejects.toThrow(code('no-tenant'));
    await expect(async () => world.database.writer.selectFrom('members').selectAll().execute()).rejects.toThrow(
      code('no-tenant'),
    );
  });

  it('a look-up reaches the functions made for it', async () => {
    const find = { text: 'select id, slug, status from platform.find_tenant($1)', values: ['bob'] };
    expect((await world.database.lookup(find)).rows).toEqual([{ id: world.bob.id, slug: 'bob', status: 'active' }]);
  });

  it.each(['select subject from members', 'select count(*) from members'])('%s is refused', async (text) => {
    const of = text.replace('members', members());
    await expect(world.database.lookup({ text: of })).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/TN001|42501|42P01/) }),
    );
  });

  it.each([
    'select * from platform.tenants',
    'select * from platform.migrations',
    'create table app.x ()',
    'create temporary table x ()',
  ])('%s is refused', async (text) => {
    await expect(world.database.lookup({ text })).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/42501|forbidden/) }),
    );
  });
});

describe('read()', () => {
  it.each([
    "insert into members (tenant_id, id, subject, role) values ($1, gen_random_uuid(), 'x', 'viewer')",
    'delete from members where tenant_id = $1',
  ])('is refused %s by the server', async (statement) => {
    const text = statement.replace('members', members());
    await expect(asAda(() => world.database.read({ text, values: [world.ada.id] }))).rejects.toThrow(code('25006'));
  });

  it('cannot be made to write by a setting', async () => {
    const text = `with loose as materialized (select set_config('transaction_read_only', 'off', true)), gone as (delete from ${members()} returning 1) select * from loose, gone`;
    await expect(asAda(() => world.database.read({ text }))).rejects.toThrow();
    expect(await world.everySubject()).toContain('owner@ada');
  });
});
