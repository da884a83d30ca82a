import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { runAsTenant, type TenantContext } from '../../src/tenancy/context.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { replacePasswords } from '../../src/tenancy/places/replace-passwords.ts';
import { withClient } from '../setup/database.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
/** Remembers places for long, as an application that does not know of a new password yet. */
let database: Database;
beforeAll(async () => {
  world = await createTwoTenants();
  database = await openDatabase(readConfig({ ...world.test.environment, CREDENTIAL_CACHE_SECONDS: '3600' }));
});
afterAll(async () => {
  await database.close();
  await world.drop();
});

const asAda = <T>(work: () => Promise<T>) => runAsTenant(world.ada, work);
const read = (from: Database) => asAda(() => from.read(subjects(world.ada)));
const write = (to: Database) => asAda(() => to.query(subjects(world.ada)));
const transact = (on: Database) =>
  asAda(() => on.transaction((connection) => connection.selectFrom('members').select('subject').execute()));

/** Closes what the application has open there, so that it has to log in again. */
async function cutOff(tenant: TenantContext): Promise<void> {
  const { runtimeUrl } = await world.urlsOf(tenant);
  const { username } = new URL(runtimeUrl);
  await withClient(world.test.adminUrl, (admin) =>
    admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1', [username]),
  );
  // The application has heard of it when its event loop comes round.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('another password for a login', () => {
  it.each([
    ['a read', read],
    ['a statement', write],
    ['a transaction', transact],
  ])('makes %s log in with it, in an application that knows only the one before', async (_, act) => {
    await act(database);
    await replacePasswords(world.test.environment, 'ada');
    await cutOff(world.ada);
    await act(database);
  });

  it.each([
    ['remembers', '3600'],
    ['does not remember', '0'],
  ])('fails nothing that runs meanwhile, in an application that %s where tenants are', async (_, seconds) => {
    const application = await openDatabase(
      readConfig({ ...world.test.environment, CREDENTIAL_CACHE_SECONDS: seconds }),
    );
    let running = true;
    let done = 0;
    const keepAsking = async () => {
      while (running) {
        await Promise.all([read(application), write(application), transact(application)]);
        done += 1;
      }
    };
    const asking = Promise.all(Array.from({ length: 4 }, keepAsking));
    try {
      for (let n = 0; n < 5; n++) {
        const before = done;
        await Promise.race([replacePasswords(world.test.environment), asking]);
        await expect.poll(() => done, { interval: 5 }).toBeGreaterThan(before + 4);
      }
      running = false;
      await asking;
    } finally {
      running = false;
      await application.close();
    }
  });

  it('shuts out who has the one before, and nobody else', async () => {
    const [before, bob] = [await world.urlsOf(world.ada), await world.urlsOf(world.bob)];
    expect(await replacePasswords(world.test.environment, 'ada')).toEqual([
      { database: new URL(before.runtimeUrl).pathname.slice(1), slug: 'ada' },
    ]);
    await expect(withClient(before.runtimeUrl, async () => {})).rejects.toMatchObject({ code: '28P01' });
    for (const { runtimeUrl } of [bob, await world.urlsOf(world.ada)]) await withClient(runtimeUrl, async () => {});
  });

  it('does not begin a transaction again that has done something', async () => {
    let times = 0;
    const refused = Object.assign(new Error('refused elsewhere'), { code: '28P01' });
    const work = async () => {
      times += 1;
      await replacePasswords(world.test.environment, 'ada');
      throw refused;
    };
    await expect(asAda(() => database.transaction(work))).rejects.toBe(refused);
    expect(times).toBe(1);
  });

  it('is not made with keys that the application does not have, nor for nobody', async () => {
    const { runtimeUrl } = await world.urlsOf(world.ada);
    const TENANT_DATABASE_KEYS = `dev1:${randomBytes(32).toString('hex')}`;
    await expect(replacePasswords({ ...world.test.environment, TENANT_DATABASE_KEYS })).rejects.toThrow(
      /has another key "dev1"/,
    );
    await expect(replacePasswords(world.test.environment, 'nobody')).rejects.toThrow(
      /No tenant "nobody" has a database/,
    );
    await withClient(runtimeUrl, async () => {});
  });
});
