import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { createDatabase } from '../../src/tenancy/database.ts';
import { tenantSetting } from '../../src/tenancy/enter.ts';
import { Lanes } from '../../src/tenancy/lanes.ts';
import { Session } from '../../src/tenancy/session.ts';
import { createStore } from '../../src/tenancy/store.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { contextSecrets } from './secrets.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

type World = Awaited<ReturnType<typeof createTwoTenants>>;
let world: World;

// One connection of each kind: whatever a statement leaves behind, the next one finds.
beforeAll(async () => {
  world = await createTwoTenants({ poolSize: 1, lanes: 1 });
});
afterAll(() => world.drop());

const settings = {
  text: `select name, setting from pg_catalog.pg_settings where name like 'app.%' or name in ('role', 'transaction_read_only')`,
};
const backend = { text: 'select pg_catalog.pg_backend_pid() as pid' };
/** The server process that answers. */
async function backendOf(kind: 'query' | 'read'): Promise<number | undefined> {
  return (await runAsTenant(world.ada, () => world.database[kind]<{ pid: number }>(backend))).rows[0]?.pid;
}

const failures: Record<string, string> = {
  'an error': 'select 1 / 0',
  'a syntax error': 'select from from where',
  'an unknown table': 'select * from app.nowhere',
  'a parameter that does not fit': `select $1::uuid`,
  'a cast that fails late': `select subject::int from members`,
};

describe.each(['query', 'read'] as const)('after %s()', (kind) => {
  it.each(Object.entries(failures))('fails with %s, the next tenant is itself', async (_, text) => {
    const { database, ada, bob } = world;
    const failing = text.replace('members', tenantTable(ada.id, 'members'));
    await expect(
      runAsTenant(ada, () => database[kind]({ text: failing, values: text.includes('$1') ? ['no uuid'] : [] })),
    ).rejects.toThrow();
    expect((await runAsTenant(bob, () => database[kind](subjects(bob)))).rows).toHaveLength(6);
    expect((await runAsTenant(ada, () => database[kind](subjects(ada)))).rows).toHaveLength(1);
  });

  it('nothing of the tenant is left on the connection', async () => {
    const { database, ada } = world;
    await runAsTenant(ada, () => database[kind](subjects(ada)));
    await expect(database.lookup({ text: 'select app.tenant_id()' })).rejects.toThrow(
      expect.objectContaining({ code: 'TN001' }),
    );
  });

  it('a value that cannot be sent leaves the connection in use', async () => {
    const { database, ada } = world;
    const before = (await runAsTenant(ada, () => database[kind](backend))).rows;
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await expect(
      runAsTenant(ada, () => database[kind]({ text: 'select $1::json', values: [circular] })),
    ).rejects.toThrow(/circular/i);
    expect((await runAsTenant(ada, () => database[kind](backend))).rows).toEqual(before);
  });

  it('the error’s stack leads to the caller', async () => {
    const { database, ada } = world;
    const failing = async () => await runAsTenant(ada, () => database[kind]({ text: 'select 1 / 0' }));
    await expect(failing()).rejects.toThrow(
      expect.objectContaining({ stack: expect.stringContaining('residue.test.ts') }),
    );
  });

  it('a failed statement leaves the connection in use', async () => {
    const { database, ada } = world;
    const before = (await runAsTenant(ada, () => database[kind](backend))).rows;
    await expect(runAsTenant(ada, () => database[kind]({ text: 'select 1 / 0' }))).rejects.toThrow();
    expect((await runAsTenant(ada, () => database[kind](backend))).rows).toEqual(before);
  });
});

// Look-ups clear the context that they find; this database forgets to, so that what is left would show.
describe('the context of a statement', () => {
  it.each(['query', 'read'] as const)('ends with %s()', async (kind) => {
    const { enter, outside } = createStore(contextSecrets(world.test));
    let forgets = false;
    const database = await createDatabase({
      url: (await world.urlsOf(world.bob)).runtimeUrl,
      poolSize: 1,
      lanes: 1,
      enter: (tenant, now) => {
        const entry = enter(tenant, now);
        const others = entry.settings.filter(([name]) => name !== tenantSetting);
        return forgets ? { ...entry, settings: [['app.other', ''], ...others] } : entry;
      },
      outside: { settings: outside.settings.filter(([name]) => name !== tenantSetting) },
    });
    expect((await runAsTenant(world.bob, () => database[kind](subjects(world.bob)))).rows).toHaveLength(6);
    await runAsTenant(world.bob, () =>
      database.transaction((connection) => connection.selectFrom('members').select('id').execute()),
    );
    forgets = true;
    await expect(runAsTenant(world.bob, () => database[kind](subjects(world.bob)))).rejects.toThrow(
      expect.objectContaining({ code: 'TN001' }),
    );
    await database.close();
  });
});

describe('a context that is not valid', () => {
  it.each(['', 'nonsense', 'k.t.e.s'])('%j stops the statement behind it', async (value) => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    const enter = { text: `select where pg_catalog.set_config('${tenantSetting}', $1, true) is null`, values: [value] };
    await expect(session.runAlone([enter, { text: 'select app.tenant_id()' }])).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^TN00[12]$/) }),
    );
    expect(session.reusable).toBe(true);
    expect((await session.runAlone([settings])).rows).not.toContainEqual({
      name: tenantSetting,
      setting: value === '' ? 'x' : value,
    });
    await client.end();
  });

  it('that fails itself stops the statement behind it', async () => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    const enter = { text: 'select where 1 / $1::int = 0', values: [0] };
    const write = { text: `select pg_catalog.set_config('app.touched', 'yes', false)` };
    await expect(session.runAlone([enter, write])).rejects.toThrow('division by zero');
    expect(
      (await session.runAlone([{ text: `select pg_catalog.current_setting('app.touched', true) as touched` }])).rows,
    ).toEqual([{ touched: null }]);
    await client.end();
  });
});

// assertPlainStatement() refuses these; here they get past it.
describe('a statement that opens a transaction', () => {
  it('makes its connection unusable', async () => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    await session.runAlone([{ text: '/* harmless */ begin' }]);
    expect(session.reusable).toBe(false);
    await client.end();
  });

  it('does so even when the next one ends it', async () => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    await Promise.all(['begin', 'commit'].map((text) => session.runAlone([{ text: `/* harmless */ ${text}` }])));
    expect(session.reusable).toBe(false);
    await client.end();
  });

  it('costs a lane its connection, and what is behind it runs again elsewhere', async () => {
    const lanes = new Lanes(1, { connectionString: world.test.runtimeUrl }, { named: true, lifetime: 60 });
    const pid = async () => (await lanes.run<{ pid: number }>(() => [backend])).rows[0]?.pid;
    const first = await pid();
    const [, behind] = await Promise.all([lanes.run(() => [{ text: '/* harmless */ begin' }]), pid()]);
    expect(behind).toBeTypeOf('number');
    const after = await pid();
    expect(after).not.toBe(first);
    expect(await pid()).toBe(after);
    await lanes.close();
  });
});

describe('a lane past its lifetime', () => {
  it('gets another connection when nothing is on it', async () => {
    const lanes = new Lanes(1, { connectionString: world.test.runtimeUrl }, { named: true, lifetime: 0 });
    const pid = async () => (await lanes.run<{ pid: number }>(() => [backend])).rows[0]?.pid;
    expect(await pid()).not.toBe(await pid());
    expect(new Set(await Promise.all([pid(), pid(), pid()])).size).toBe(1);
    await lanes.close();
  });
});

describe('a connection that dies', () => {
  it('is replaced, on a lane and in the pool', async () => {
    const { database, ada } = world;
    const admin = new pg.Client(world.test.adminUrl);
    await admin.connect();
    for (const kind of ['read', 'query'] as const) {
      await admin.query('select pg_catalog.pg_terminate_backend($1, 5000)', [await backendOf(kind)]);
      // The pool learns of it by the next statement at the latest.
      const next = async () => (await runAsTenant(ada, () => database[kind](subjects(ada)))).rows;
      expect(await next().catch(next)).toHaveLength(1);
    }
    await admin.end();
  });

  it('reads that were on a lane run again', async () => {
    const { database, ada } = world;
    const admin = new pg.Client(world.test.adminUrl);
    await admin.connect();
    const pid = await backendOf('read');
    const slow = runAsTenant(ada, () =>
      database.read({ text: `select subject, pg_catalog.pg_sleep(0.3) from ${tenantTable(ada.id, 'members')}` }),
    );
    const behind = runAsTenant(ada, () => database.read(subjects(ada)));
    await admin.query('select pg_catalog.pg_terminate_backend($1, 5000)', [pid]);
    expect((await slow).rows).toHaveLength(1);
    expect((await behind).rows).toHaveLength(1);
    await admin.end();
  });
});

describe('prepared statements', () => {
  it('that the connection lost are prepared again', async () => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    await session.runAlone([backend]);
    await client.query('deallocate all');
    expect((await session.runAlone([backend])).rows).toHaveLength(1);
    await client.end();
  });

  it('stay within 500 on a connection', async () => {
    const { database, ada } = world;
    for (let index = 0; index < 520; index++)
      await runAsTenant(ada, () => database.query({ text: `select ${index} as value` }));
    const count = { text: 'select count(*)::int as count from pg_catalog.pg_prepared_statements' };
    const [row] = (await runAsTenant(ada, () => database.query<{ count: number }>(count))).rows;
    expect(row?.count).toBeGreaterThan(490);
    expect(row?.count).toBeLessThanOrEqual(500);
  });

  it('are for one place each, and a connection that learned of many tables is replaced', async () => {
    const client = new pg.Client({ connectionString: world.test.runtimeUrl, pipeline: true });
    await client.connect();
    const session = new Session(client, { named: true });
    const servePlaces = async (from: number, to: number) => {
      for (let place = from; place < to; place++) await session.runAlone([{ ...backend, target: `place_${place}` }]);
    };
    await servePlaces(0, 1000);
    // What was closed to make room is known to the server all the same.
    await servePlaces(0, 200);
    expect([session.reusable, session.worn]).toEqual([true, false]);
    const { rows } = await session.runAlone<{ count: number }>([
      { text: `select count(*)::int as count from pg_catalog.pg_prepared_statements where name ~ '_place_\\d+$'` },
    ]);
    expect(rows).toEqual([{ count: 499 }]);
    await session.runAlone([{ ...backend, target: 'one more' }]);
    expect([session.reusable, session.worn]).toEqual([false, true]);
    await client.end();
  });

  it('survive a change of the columns that they return', async () => {
    const { database, bob } = world;
    const members = tenantTable(bob.id, 'members');
    const all = { text: `select * from ${members} order by subject limit 1` };
    const admin = new pg.Client((await world.urlsOf(bob)).adminUrl);
    await admin.connect();
    await runAsTenant(bob, () => database.query(all));
    await admin.query(`alter table ${members} add column nickname text`);
    expect((await runAsTenant(bob, () => database.query(all))).rows[0]).toHaveProperty('nickname', null);
    await admin.end();
  });
});
