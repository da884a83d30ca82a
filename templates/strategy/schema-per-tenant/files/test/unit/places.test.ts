import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, deleteTenant, purgeTenants } from '../../src/platform/tenants.ts';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { keepReady, prepareMany } from '../../src/tenancy/places/ready.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { cutOffEverywhere } from './cut-off-everywhere.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = await world.connect(world.test.platformUrl);
  admin = await world.connect(world.test.adminUrl);
});
afterAll(() => world.drop());

/** Deletes a tenant without a period of grace; the database rounds to milliseconds. */
async function deleteAtOnce(slug: string): Promise<void> {
  await deleteTenant(platform, slug, 0);
  await pause(2);
}
const placesIn = async (state: string) =>
  (await admin.query<{ id: string }>('select tenant_id as id from platform.places where state = $1', [state])).rows.map(
    ({ id }) => id,
  );

describe('a tenant', () => {
  it('has a schema and a role that say nothing of it', async () => {
    const { rows } = await admin.query(
      'select rolcanlogin, rolinherit, rolsuper from pg_roles join pg_namespace on nspname = rolname where nspname = $1',
      [schemaOf(world.ada.id)],
    );
    expect(rows).toMatchObject([{ rolcanlogin: false, rolsuper: false }]);
    expect(schemaOf(world.ada.id)).not.toContain('ada');
  });

  it('finds its tables by their names alone', async () => {
    const text = 'select subject from members';
    expect((await runAsTenant(world.ada, () => world.database.query({ text }))).rows).toHaveLength(1);
    expect((await runAsTenant(world.bob, () => world.database.read({ text }))).rows).toHaveLength(6);
  });

  it('leaves no role on the server when its database is dropped', async () => {
    const other = await createTwoTenants();
    const known = async () =>
      (
        await admin.query('select from pg_roles where rolname = any ($1)', [
          [other.ada, other.bob].map(({ id }) => schemaOf(id)),
        ])
      ).rowCount;
    expect(await known()).toBe(2);
    await other.drop();
    expect(await known()).toBe(0);
  });

  it("reaches no other's, not even by becoming its role", async () => {
    const theirs = `${schemaOf(world.bob.id)}.members`;
    const plainly = { text: `select subject from ${theirs}` };
    await expect(runAsTenant(world.ada, () => world.database.query(plainly))).rejects.toThrow(
      expect.objectContaining({ code: '42501' }),
    );
    const switched = {
      text: `select pg_catalog.query_to_xml('select subject from ${theirs}', true, false, '')::text as stolen from (select pg_catalog.set_config('role', '${schemaOf(world.bob.id)}', true) as x) as switched where x is not null`,
    };
    const { rows } = await runAsTenant(world.ada, () => world.database.query<{ stolen: string }>(switched));
    expect(rows[0]?.stolen ?? '').not.toContain('bob');
  });

  it('prepares statements for its own schema, within the bound of a connection', async () => {
    const text = `select 'prepared', count(*) from members`;
    for (const tenant of [world.ada, world.bob]) await runAsTenant(tenant, () => world.database.query({ text }));
    const { rows } = await runAsTenant(world.ada, () =>
      world.database.query<{ name: string }>({
        text: `select name from pg_catalog.pg_prepared_statements where statement like 'select ''prepared''%'`,
      }),
    );
    const known = [world.ada, world.bob].map(({ id }) => schemaOf(id));
    expect(rows.every(({ name }) => known.some((schema) => name.endsWith(`_${schema}`)))).toBe(true);
  });

  it('whose schema is missing is not found, and says so', async () => {
    const client = new pg.Client(world.test.runtimeUrl);
    await client.connect();
    await admin.query(`alter schema ${schemaOf(world.bob.id)} rename to gone`);
    try {
      await expect(client.query(`select * from platform.find_tenant('bob')`)).rejects.toThrow(
        expect.objectContaining({ code: '57P03' }),
      );
      expect((await client.query(`select * from platform.find_tenant('ada')`)).rows).toHaveLength(1);
    } finally {
      await admin.query(`alter schema gone rename to ${schemaOf(world.bob.id)}`);
      await client.end();
    }
  });
});

describe('schemas for tenants to come', () => {
  it('are made until enough are ready, and taken without an administrator', async () => {
    expect(await prepareMany(administrator(world.test), 3)).toBe(3);
    expect(await prepareMany(administrator(world.test), 3)).toBe(0);
    const ready = await placesIn('ready');
    const { tenantId: id } = await createTenant(platform, { slug: 'quick', environment: {} });
    expect(ready).toContain(id);
    expect(await placesIn('ready')).toHaveLength(2);
  });

  it('go to one tenant each when many sign up at once', async () => {
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = new pg.Client(world.test.platformUrl);
        await client.connect();
        return client;
      }),
    );
    const made = await Promise.all(
      clients.map((client, n) => createTenant(client, { slug: `many-${n}`, environment: administrator(world.test) })),
    );
    expect(new Set(made.map(({ tenantId: id }) => id)).size).toBe(4);
    const same = clients.map((client) =>
      createTenant(client, { slug: 'same', environment: administrator(world.test) }).then(
        () => 'made',
        (error: Error) => error.message,
      ),
    );
    const answers = await Promise.all(same);
    expect(answers.filter((answer) => answer === 'made')).toHaveLength(1);
    expect(answers.filter((answer) => /already/.test(answer))).toHaveLength(3);
    await Promise.all(clients.map((client) => client.end()));
  });

  it('are as many as asked for when two prepare at once', async () => {
    const made = await Promise.all([1, 2].map(() => prepareMany(administrator(world.test), 6)));
    expect(await placesIn('ready')).toHaveLength(6);
    expect(Math.min(...made)).toBe(0);
  });

  it('are made anew whenever one was taken, until told to end', async () => {
    const ending = new AbortController();
    const problems: string[] = [];
    let made = 0;
    const kept = keepReady(administrator(world.test), 8, {
      signal: ending.signal,
      interval: 10,
      onMade: (more) => (made += more),
      onProblem: ({ message }) => problems.push(message),
    });
    const ready = async (count: number) => {
      await expect.poll(async () => (await placesIn('ready')).length).toBe(count);
    };
    await ready(8);
    await createTenant(platform, { slug: 'watched', environment: {} });
    await ready(8);
    // As a server that was restarted: the connection is gone, and the next one works.
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ 'control plane' and datname = current_database()`,
    );
    await createTenant(platform, { slug: 'watched-again', environment: {} });
    await ready(8);
    ending.abort();
    await kept;
    expect(made).toBeGreaterThan(2);
    expect(problems.length).toBeLessThan(3);
    expect(await placesIn('ready')).toHaveLength(8);
  });

  it('say what to do when there are none and no administrator is at hand', async () => {
    await admin.query(`update platform.places set version = 'old' where state = 'ready'`);
    await expect(createTenant(platform, { slug: 'late', environment: {} })).rejects.toThrow(
      /No schema is ready.*DATABASE_ADMIN_URL/,
    );
    expect(await prepareMany(administrator(world.test), 1)).toBe(1);
  });
});

describe('whoever is cut off', () => {
  /** Schemas that nobody knows of, and schemas that are not there. */
  const halves = async () =>
    (await findDrift(admin)).filter(({ missing, unexpected }) =>
      [...missing, ...unexpected].some((line) => line.startsWith('the schema itself')),
    );

  it('while making a schema leaves it whole or not at all, and the next attempt goes on', async () => {
    const { cuts, trips } = await cutOffEverywhere(world.test.adminUrl, async (url) => {
      await admin.query(`update platform.places set version = 'old' where state = 'ready'`);
      await prepareMany({ DATABASE_ADMIN_URL: url }, 1);
    });
    console.log(`cut off after each of ${cuts} things that may last, in ${trips} round trips`);
    expect(trips).toBeGreaterThan(6);
    expect(await halves()).toEqual([]);
    await createTenant(platform, { slug: 'after-all', environment: administrator(world.test) });
  });

  it('while erasing a tenant is finished by the next purge', async () => {
    const { cuts, trips } = await cutOffEverywhere(world.test.adminUrl, async (url, n) => {
      await purgeTenants(platform, administrator(world.test));
      await createTenant(platform, { slug: `erased-${n}`, environment: administrator(world.test) });
      await deleteAtOnce(`erased-${n}`);
      await purgeTenants(platform, { DATABASE_ADMIN_URL: url });
    });
    console.log(`cut off after each of ${cuts} things that may last, in ${trips} round trips`);
    expect(trips).toBeGreaterThan(5);
    await purgeTenants(platform, administrator(world.test));
    expect(await halves()).toEqual([]);
    expect(await placesIn('leaving')).toEqual([]);
  });
});

describe('drift', () => {
  it('is what one schema has and the template has not, and the other way round', async () => {
    const place = schemaOf(world.bob.id);
    const before = await findDrift(admin);
    await admin.query(
      `alter table ${place}.members drop constraint tenant_here; create index odd on ${place}.members (role)`,
    );
    const after = (await findDrift(admin)).find(({ schema }) => schema === place);
    expect(after?.slug).toBe('bob');
    expect(after?.missing).toContain('constraint members.tenant_here');
    expect(after?.unexpected).toContainEqual(expect.stringContaining('index CREATE INDEX odd'));
    await admin.query(
      `drop index ${place}.odd; alter table ${place}.members add constraint tenant_here check (tenant_id = '${world.bob.id}')`,
    );
    expect(await findDrift(admin)).toEqual(before);
  });
});

describe('a tenant that is past its grace period', () => {
  it('loses its schema and its role, and nobody else loses anything', async () => {
    const { tenantId: id } = await createTenant(platform, { slug: 'gone', environment: administrator(world.test) });
    await deleteAtOnce('gone');
    const before = await world.everySubject();
    expect(await purgeTenants(platform, administrator(world.test))).toMatchObject([{ slug: 'gone' }]);
    const { rows } = await admin.query('select from pg_roles where rolname = $1', [schemaOf(id)]);
    const left = await admin.query('select from pg_namespace where nspname = $1', [schemaOf(id)]);
    expect([rows.length, left.rowCount]).toEqual([0, 0]);
    expect(await world.everySubject()).toEqual(before);
    await expect(
      runAsTenant({ id: tenantId(id), slug: 'gone' }, () => world.database.query({ text: 'select from members' })),
    ).rejects.toThrow(/does not exist/);
  });

  it('is finished by the next purge when one was cut off', async () => {
    const { tenantId: id } = await createTenant(platform, { slug: 'half', environment: administrator(world.test) });
    await deleteAtOnce('half');
    // As somebody who died after the first steps leaves it.
    await admin.query(
      `set role ${roles.migrator}; update platform.places set state = 'leaving' where tenant_id = '${id}'`,
    );
    await admin.query(`drop table ${schemaOf(id)}.members cascade; reset role`);
    expect(await purgeTenants(platform, administrator(world.test))).toMatchObject([{ slug: 'half' }]);
    expect((await admin.query('select from platform.places where tenant_id = $1', [id])).rowCount).toBe(0);
  });

  it('takes an administrator', async () => {
    await createTenant(platform, { slug: 'kept', environment: administrator(world.test) });
    await deleteAtOnce('kept');
    await expect(purgeTenants(platform, {})).rejects.toThrow(/DATABASE_ADMIN_URL/);
    expect(await purgeTenants(platform, administrator(world.test))).toMatchObject([{ slug: 'kept' }]);
  });
});
