import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { runAsTenant, type TenantContext, tenantId } from '../../src/tenancy/context.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { siteOf } from '../../src/tenancy/places/connect.ts';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { projectName } from '../../src/tenancy/roles.ts';
import { administrator, createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
let others: TenantContext[];
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
  const platform = new pg.Client(world.test.platformUrl);
  await platform.connect();
  others = [];
  for (const slug of ['carol', 'dave']) {
    const { tenantId: id } = await createTenant(platform, { slug, environment: administrator(world.test) });
    others.push({ id: tenantId(id), slug });
  }
  await platform.end();
});
afterAll(() => world.drop());

/** The application's way to its databases, with this in its environment. */
async function using(environment: Record<string, string>, work: (database: Database) => Promise<void>): Promise<void> {
  const database = await openDatabase(
    readConfig({ ...world.test.environment, CREDENTIAL_CACHE_SECONDS: '0', ...environment }),
  );
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

const site = async (tenant: TenantContext) => await asMigrator(admin, () => siteOf(admin, tenant.id));
const countMembers = async (database: Database, tenant: TenantContext) =>
  (await runAsTenant(tenant, () => database.read(subjects(tenant)))).rowCount;
const connections = async (): Promise<number> => {
  const names: string[] = [];
  for (const each of [world.ada, world.bob, ...others]) names.push((await site(each)).database);
  const { rows } = await admin.query<{ count: number }>(
    'select count(*)::integer as count from pg_stat_activity where datname = any($1) and application_name = $2',
    [names, projectName],
  );
  return rows[0]?.count ?? 0;
};

describe("a tenant's statements", () => {
  it('run in its own database, as its own login', async () => {
    const text = 'select current_database()::text as database, session_user::text as login';
    for (const tenant of [world.ada, world.bob]) {
      const { rows } = await runAsTenant(tenant, () => world.database.query({ text }));
      const { database, login } = await site(tenant);
      expect(rows).toEqual([{ database, login }]);
    }
  });

  it('get to no other database, and to no table of the control plane', async () => {
    const { database, login } = await site(world.ada);
    const bobs = (await site(world.bob)).database;
    const url = new URL((await world.urlsOf(world.ada)).runtimeUrl);
    for (const name of [bobs, new URL(world.test.adminUrl).pathname.slice(1)]) {
      const client = new pg.Client(Object.assign(new URL(url), { pathname: `/${name}` }).href);
      await expect(client.connect()).rejects.toThrow(/permission denied for database/);
    }
    expect(database).toBe(url.pathname.slice(1));
    expect(login).toBe(url.username);
  });

  it('are bound by the time-outs of the runtime role', async () => {
    const text = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`;
    const { rows } = await runAsTenant(world.ada, () => world.database.query({ text }));
    expect(rows).toEqual([{ statement: '10s', lock: '3s' }]);
  });

  it('take no more connections than there may be, for however many tenants', async () => {
    const tenants = [world.ada, world.bob, ...others];
    const bounds = { TENANT_POOL_SIZE: '2', TENANT_LANES: '1', TENANT_CONNECTIONS: '7' };
    await using(bounds, async (database) => {
      let most = 0;
      let going = true;
      const watch = (async () => {
        while (going) most = Math.max(most, await connections());
      })();
      const text = 'select pg_sleep(0.005)';
      await Promise.all(
        Array.from({ length: 120 }, (_, n) =>
          runAsTenant(tenants[n % tenants.length] as TenantContext, () => database.query({ text })),
        ),
      );
      going = false;
      await watch;
      // Two databases with three each.
      expect(most).toBeLessThanOrEqual(6);
      expect(most).toBeGreaterThan(2);
      expect(database.load().tenants).toMatchObject({ waiting: 0, refused: 0 });
      expect(database.load().tenants?.waited).toBeGreaterThan(0);
    });
  });

  it('take as many connections to its database as each may have, whatever the control plane has', async () => {
    const tenant = others[0] as TenantContext;
    const { database: name } = await site(tenant);
    const sizes = { DATABASE_POOL_SIZE: '1', TENANT_POOL_SIZE: '4', TENANT_LANES: '2' };
    await using(sizes, async (database) => {
      const text = 'select pg_sleep(0.05)';
      const both = () => Promise.all([database.query({ text }), database.read({ text })]);
      await Promise.all(Array.from({ length: 12 }, () => runAsTenant(tenant, both)));
      const count = async () => {
        const open = 'select from pg_stat_activity where datname = $1 and application_name = $2';
        return (await admin.query(open, [name, projectName])).rowCount;
      };
      await expect.poll(count).toBe(6);
    });
  });

  it('of one that bursts let those of another through', async () => {
    await using({ TENANT_DATABASES: '1' }, async (database) => {
      let going = true;
      let served = 0;
      const burst = Array.from({ length: 20 }, async () => {
        while (going) {
          await countMembers(database, world.bob);
          served += 1;
        }
      });
      while (served === 0) await countMembers(database, world.bob);
      // The burst ends behind it: without a turn of its own it would be refused.
      expect(await countMembers(database, world.ada)).toBe(1);
      going = false;
      await Promise.all(burst);
    });
  });

  it('inside a transaction go where the transaction is, also when others wait', async () => {
    await using({ TENANT_DATABASES: '1' }, async (database) => {
      let begin = () => {};
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const reading = runAsTenant(world.ada, () =>
        database.transaction(async (connection) => {
          await connection.selectFrom('members').select('id').execute();
          begin();
          // Longer than its turn: bob's is next.
          await pause(1500);
          return await countMembers(database, world.ada);
        }),
      );
      await begun;
      const waiting = countMembers(database, world.bob);
      expect(await reading).toBe(1);
      expect(await waiting).toBe(6);
    });
  });
});

describe("a tenant's database that cannot be reached", () => {
  it.each([
    [
      'is gone',
      (name: string) => `alter database ${name} rename to ${name}_x`,
      (name: string) => `alter database ${name}_x rename to ${name}`,
    ],
    [
      'lets nobody in',
      (name: string) => `alter database ${name} connection limit 0`,
      (name: string) => `alter database ${name} connection limit -1`,
    ],
    ['has another password', (name: string) => `alter role ${name} password 'another'`, undefined],
  ])('because it %s is so for its own tenant alone', async (_, breaks, mends) => {
    const tenant = others[0] as TenantContext;
    const { database: name, login } = await site(tenant);
    const verifier = await admin.query<{ rolpassword: string }>(
      'select rolpassword from pg_authid where rolname = $1',
      [login],
    );
    await using({}, async (database) => {
      await admin.query(breaks(name));
      try {
        await expect(countMembers(database, tenant)).rejects.toMatchObject({ code: '08001' });
        expect(await countMembers(database, world.ada)).toBe(1);
      } finally {
        await admin.query(mends?.(name) ?? `alter role ${login} password '${verifier.rows[0]?.rolpassword}'`);
      }
      await expect.poll(() => countMembers(database, tenant).catch(() => 0)).toBe(1);
    });
  });
});

describe('a place that moved', () => {
  it('is asked for anew, and what was open is used no more', async () => {
    await using({}, async (database) => {
      const tenant = others[1] as TenantContext;
      expect(await countMembers(database, tenant)).toBe(1);
      const before = await site(tenant);
      await asMigrator(admin, () =>
        admin.query(`update platform.places set generation = generation + 1 where tenant_id = $1`, [tenant.id]),
      );
      await admin.query(`alter database ${before.database} connection limit 0`);
      try {
        await expect(countMembers(database, tenant)).rejects.toMatchObject({ code: '08001' });
      } finally {
        await admin.query(`alter database ${before.database} connection limit -1`);
      }
    });
  });
});

describe('a database that would not keep its tenant apart', () => {
  it.each([
    [
      'lets in everybody',
      (name: string) => `grant connect on database ${name} to public`,
      (name: string) => `revoke connect on database ${name} from public`,
      /everybody may connect to/,
    ],
    [
      'lets everybody make temporary tables',
      (name: string) => `grant temporary on database ${name} to public`,
      (name: string) => `revoke temporary on database ${name} from public`,
      /make temporary tables/,
    ],
  ])('because it %s is refused', async (_, breaks, mends, message) => {
    const { database: name } = await site(world.ada);
    await using({}, async (database) => {
      await admin.query(breaks(name));
      try {
        await expect(countMembers(database, world.ada)).rejects.toThrow(message);
      } finally {
        await admin.query(mends(name));
      }
    });
  });

  it('because its login gets into another one is refused', async () => {
    const [{ login }, { database: name }] = [await site(world.ada), await site(world.bob)];
    await using({}, async (database) => {
      await admin.query(`grant connect on database ${name} to ${login}`);
      try {
        await expect(countMembers(database, world.ada)).rejects.toThrow(/of another tenant/);
        await expect(countMembers(database, world.bob)).rejects.toThrow(/may connect to/);
      } finally {
        await admin.query(`revoke connect on database ${name} from ${login}`);
      }
    });
  });

  it('because the runtime role gets in stops the application from starting', async () => {
    const { database: name } = await site(world.ada);
    const runtime = new URL(world.test.runtimeUrl).username;
    await admin.query(`grant connect on database ${name} to ${runtime}`);
    try {
      await expect(using({}, async () => {})).rejects.toThrow(/may connect to the database/);
    } finally {
      await admin.query(`revoke connect on database ${name} from ${runtime}`);
    }
  });

  it('because a table lets in rows of others is refused', async () => {
    const client = new pg.Client((await world.urlsOf(world.ada)).adminUrl);
    await client.connect();
    const drop = 'alter table app.members drop constraint if exists tenant_here';
    const add = (condition: string) =>
      `${drop}; alter table app.members add constraint tenant_here check (${condition})`;
    const own = `tenant_id = '${world.ada.id}'`;
    try {
      for (const breaks of [drop, add(`${own} or role = 'owner'`), add(`tenant_id <> '${world.bob.id}'`)]) {
        await client.query(breaks);
        await using({}, async (database) => {
          await expect(countMembers(database, world.ada)).rejects.toThrow(/lets in rows of other tenants/);
        });
      }
    } finally {
      await client.query(add(own));
      await client.end();
    }
  });
});
