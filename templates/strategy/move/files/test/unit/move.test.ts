import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Arguments, Command } from '../../scripts/tenant/command.ts';
import { moveCommands } from '../../scripts/tenant/move.ts';
import { createTenant, deleteTenant, listTenants, purgeTenants, resumeTenant } from '../../src/platform/tenants.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { projectName } from '../../src/tenancy/roles.ts';
import { runGroup } from '../isolation/finding.ts';
import { lookIntoDatabases } from '../isolation/strategy/in-use.ts';
import { createMovingTenants, type MovingTenants, own, shared } from './moving.ts';
import { administrator, subjects } from './two-tenants.ts';

let bob: MovingTenants;
let platform: pg.Client;
beforeAll(async () => {
  bob = await createMovingTenants();
  platform = new pg.Client(bob.test.platformUrl);
  await platform.connect();
});
afterAll(async () => {
  await platform.end();
  await bob.drop();
});

const nothing: Arguments = {
  slug: '',
  json: false,
  name: undefined,
  owner: undefined,
  graceDays: 30,
  limits: {},
  to: undefined,
  confirm: false,
  undo: false,
  ready: undefined,
  watch: false,
};

/** A row as its writer knows it: what was answered is what must be found. */
type Known = Map<string, number>;

/** Writes, changes, erases and reads until it is stopped; nothing but its own writes changes its rows. */
async function hammer(
  worker: number,
  known: Known,
  isOver: () => boolean,
): Promise<{ moved: number; longest: number }> {
  const { bob: tenant, database, send } = bob;
  const version = async (id: string) =>
    (
      await runAsTenant(tenant, () =>
        database.read<{ version: number }>({
          text: 'select version from app.projects where tenant_id = $1 and id = $2',
          values: [tenant.id, id],
        }),
      )
    ).rows[0]?.version;
  let moved = 0;
  let longest = 0;
  for (let n = 0; !isOver(); n++) {
    const id = crypto.randomUUID();
    const start = performance.now();
    await send({
      text: 'insert into app.projects (tenant_id, id, name) values ($1, $2, $3)',
      values: [tenant.id, id, `project ${worker} ${n}`],
    });
    known.set(id, 1);
    expect(await version(id)).toBe(1);
    const raise = {
      text: 'update app.projects set version = version + 1 where tenant_id = $1 and id = $2',
      values: [tenant.id, id],
    };
    expect((await send(raise)).rowCount).toBe(1);
    known.set(id, 2);
    expect(await version(id)).toBe(2);
    try {
      await runAsTenant(tenant, () =>
        database.transaction(async (connection) => {
          for (const add of [1, 2]) {
            await connection
              .updateTable('projects')
              .set((row) => ({ version: row('version', '+', add) }))
              .where('id', '=', id)
              .execute();
          }
        }),
      );
      known.set(id, 5);
    } catch (error) {
      // The only error that a move may cause, and then nothing was written.
      expect(error).toMatchObject({ code: 'moved' });
      moved += 1;
    }
    expect(await version(id)).toBe(known.get(id));
    if (n % 3 === 0) {
      await send({ text: 'delete from app.projects where tenant_id = $1 and id = $2', values: [tenant.id, id] });
      known.delete(id);
      expect(await version(id)).toBeUndefined();
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return { moved, longest };
}

describe('a tenant that is moved while it is in use', () => {
  it('loses no row, doubles none, and is never seen as it was before', { timeout: 120_000 }, async () => {
    const known: Known = new Map();
    let over = false;
    const before = await runAsTenant(bob.ada, () => bob.database.query(subjects(bob.ada)));
    const workers = [1, 2, 3].map((worker) => hammer(worker, known, () => over));
    const all = Promise.all(workers);
    all.catch(() => {}); // Seen below.
    const heldUp: number[] = [];
    try {
      for (const to of [own, shared]) {
        for (const act of [() => bob.move(to), () => bob.undo(), () => bob.move(to)]) {
          await Promise.race([pause(150), all]);
          heldUp.push((await act()).heldUp);
        }
        await Promise.race([pause(150), all]);
        await bob.confirm();
      }
    } finally {
      over = true;
    }
    const results = await all;
    const rows = await bob.send<{ id: string; version: number }>({ text: 'select id, version from app.projects' });
    expect(new Map(rows.rows.map(({ id, version }) => [id, version]))).toEqual(known);
    expect(rows.rowCount).toBe(known.size);
    const longest = Math.round(Math.max(...results.map((each) => each.longest)));
    console.log(`held up for ${Math.max(...heldUp)} ms at most; five acts took ${longest} ms at most`);
    expect(await bob.traces()).toEqual({});
    expect(await runAsTenant(bob.ada, () => bob.database.query(subjects(bob.ada)))).toEqual(before);
  });

  it('is read where it is, and refused where it was', async () => {
    const emails = () => bob.database.reader.selectFrom('members').select('email').distinct().execute();
    await runAsTenant(bob.bob, emails);
    await bob.move(own);
    await bob.inPlace(own, (client) => client.query(`update app.members set email = 'new@example.org'`));
    expect(await runAsTenant(bob.bob, emails)).toEqual([{ email: 'new@example.org' }]);
    await bob.undo();
    expect(await runAsTenant(bob.bob, emails)).toEqual([{ email: 'new@example.org' }]);
  });
});

describe('npm run tenant -- move', () => {
  const command = () => moveCommands(bob.environment)['move'] as Command;
  const run = async (more: Partial<Arguments>) =>
    await command().run(platform, { ...nothing, slug: 'bob', json: true, ...more });

  it('says where a tenant is, moves it, and says what is next', async () => {
    expect((await run({})).text).toBe('bob is in shared-schema');
    expect((await run({ to: own })).text).toMatch(
      /in database-per-tenant now; .* held up for \d+ ms .*--confirm, or --undo/s,
    );
    expect((await run({})).text).toMatch(
      /in database-per-tenant; its move .* is not over \(moved\)\n.*place prepared/s,
    );
    expect((await run({ undo: true })).text).toMatch(/in shared-schema now/);
    expect((await run({})).text).toBe('bob is in shared-schema');
  });

  it('is no drift while it is not over, and what it left behind is', async () => {
    await bob.move(own);
    expect(await findDrift(bob.admin)).toEqual([]);
    const looked = await runGroup('databases', (recorder) => lookIntoDatabases(bob.admin, 'full', recorder));
    expect(looked).toMatchObject({ findings: [], left: [], extent: expect.stringMatching(/^(\d+) of \1 databases/) });
    const over = `update platform.moves set state = 'confirmed' where state = 'moved' returning id`;
    const { rows: moves } = await bob.admin.query<{ id: string }>(over);
    const [drift] = await findDrift(bob.admin);
    expect(drift?.unexpected).toContainEqual(expect.stringMatching(/^trigger CREATE TRIGGER move_insert_/));
    await bob.admin.query(`update platform.moves set state = 'moved' where id = $1`, [moves[0]?.id]);
    await bob.inPlace(own, (client) => client.query('create index odd on app.projects (name)'));
    expect(await findDrift(bob.admin)).toMatchObject([
      { missing: [], unexpected: [expect.stringMatching(/^index CREATE INDEX odd/)] },
    ]);
    await bob.undo();
  });

  it('refuses what contradicts itself, and a tenant that is not there', async () => {
    const problem = (given: Partial<Arguments>) => command().problem?.({ ...nothing, slug: 'bob', ...given });
    expect(problem({ to: own, undo: true })).toMatch(/One of --to, --undo and --confirm/);
    expect(problem({ to: 'elsewhere' })).toMatch(
      /no strategy "elsewhere" here, but shared-schema and database-per-tenant/,
    );
    expect([problem({ to: own }), problem({ undo: true }), problem({})]).toEqual([undefined, undefined, undefined]);
    await expect(run({ slug: 'nobody' })).rejects.toThrow(/no tenant "nobody"/);
  });
});

describe('a move', () => {
  it('gives up when the copy is not the same, and leaves the tenant where it is', async () => {
    const before = await runAsTenant(bob.bob, () => bob.database.query(subjects(bob.bob)));
    const tamper = async (step: string, noted: boolean) => {
      if (step !== 'copied members' || !noted) return;
      await bob.inPlace(own, (client) => client.query(`delete from app.members where subject = 'bob-1'`));
    };
    await expect(bob.move(own, tamper)).rejects.toThrow(/app\.members has 6 rows .* and 5 in the other/);
    expect([await bob.where(), await bob.unfinished(), await bob.traces()]).toEqual([shared, [], {}]);
    expect(await runAsTenant(bob.bob, () => bob.database.query(subjects(bob.bob)))).toEqual(before);
  });

  it.each([
    ['before it notes what is written', 'place prepared'],
    ['before it switches', 'writes at the target noted'],
  ])('waits for a transaction that writes, and lets others pass meanwhile: %s', async (_, begun) => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    let slow: Promise<unknown> = Promise.resolve();
    const moving = bob.move(own, async (step, noted) => {
      if (step !== begun || !noted) return;
      await new Promise<void>((written) => {
        slow = runAsTenant(bob.bob, () =>
          bob.database.transaction(async (connection) => {
            await connection
              .insertInto('projects')
              .values({ id: crypto.randomUUID(), name: `slow ${begun}` })
              .execute();
            written();
            await ended;
          }),
        );
      });
    });
    const names = ['beside', 'beside again'].map((name) => `${name} ${begun}`);
    for (const name of names) {
      await expect.poll(bob.isWaiting, { interval: 5 }).toBe(true);
      // Answered while the other one is still open: it need not wait for as long as the move does.
      await bob.add(name);
    }
    end();
    await Promise.all([slow, moving]);
    await bob.undo();
    expect(await bob.projects()).toEqual(expect.arrayContaining([`slow ${begun}`, ...names]));
  });

  it('holds nobody up for long when the new place is slow', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    let slow: Promise<unknown> = Promise.resolve();
    const moving = bob.move(own, async (step, noted) => {
      if (step !== 'writes at the target noted' || !noted) return;
      await new Promise<void>((locked) => {
        slow = bob.inPlace(own, async (client) => {
          await client.query('begin; lock table app.members in access exclusive mode');
          locked();
          await ended;
          await client.query('commit');
        });
      });
    });
    await expect.poll(bob.isFenced, { interval: 5 }).toBe(true);
    // Answered while the new place is as slow as before: the fence was lowered for it.
    await bob.add('beside the slow');
    end();
    await Promise.all([moving, slow]);
    expect(await bob.projects()).toContain('beside the slow');
    await bob.undo();
  });

  it('is refused when it makes no sense', async () => {
    await expect(bob.move(shared)).rejects.toThrow(/there already/);
    await expect(bob.move('schema-per-tenant')).rejects.toThrow(/no strategy "schema-per-tenant"/);
    await expect(bob.undo()).rejects.toThrow(/no move to undo/);
    await expect(bob.confirm()).rejects.toThrow(/no move to confirm/);
    await deleteTenant(platform, 'bob', 30);
    await expect(bob.move(own)).rejects.toThrow(/has been deleted/);
    await resumeTenant(platform, 'bob');
    expect([await bob.where(), await bob.unfinished()]).toEqual([shared, []]);
  });

  it('is refused where copied rows would set off a trigger that is not its own, whatever it is called', async () => {
    await bob.admin.query(
      `create function app.restock() returns trigger language plpgsql as 'begin return null; end';
      create trigger move_stock after insert on app.members for each row execute function app.restock()`,
    );
    await expect(bob.move(own)).rejects.toThrow(/app\.members has the trigger move_stock/);
    await bob.admin.query('drop function app.restock() cascade');
    expect([await bob.where(), await bob.unfinished()]).toEqual([shared, []]);
  });

  it('is done by one run at a time, and not while migrations run', async () => {
    let other: unknown;
    await bob.move(own, async (step, noted) => {
      if (step === 'writes noted' && noted) other = await bob.move(own).catch((error: unknown) => error);
    });
    expect(other).toMatchObject({ message: expect.stringMatching(/being moved by another run/) });
    await expect(bob.move(shared)).rejects.toThrow(/not over.*--confirm or --undo/);
    await bob.undo();
    await bob.admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [`${projectName} migrations`]);
    await expect(bob.move(own)).rejects.toThrow(/Migrations are running/);
    await bob.admin.query('select pg_advisory_unlock_all()');
  });

  it('keeps a deleted tenant from being erased until it is over, and no other one', async () => {
    await bob.move(own);
    await createTenant(platform, { slug: 'later', environment: administrator(bob.test) });
    const listed = async () => (await listTenants(platform)).find(({ slug }) => slug === 'bob');
    expect(await listed()).toMatchObject({ strategy: own, place: expect.stringMatching(/^t_[0-9a-f]{32}$/) });
    for (const slug of ['bob', 'later']) await deleteTenant(platform, slug, 0);
    await pause(5);
    await expect(purgeTenants(platform, administrator(bob.test))).rejects.toThrow(/bob was not erased: .*not over/);
    expect((await listTenants(platform)).map(({ slug }) => slug)).not.toContain('later');
    await bob.undo();
    await resumeTenant(platform, 'bob');
    expect(await listed()).toMatchObject({ strategy: shared, place: null });
  });
});
