import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyUnreachable } from '../../src/tenancy/why-unreachable.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

/** What is said of a login that fails. */
async function connecting(changes: Partial<URL>): Promise<string | undefined> {
  const client = new pg.Client(Object.assign(new URL(test.runtimeUrl), changes).href);
  try {
    await client.connect();
    return 'connected';
  } catch (error) {
    return whyUnreachable(error, 'DATABASE_URL');
  } finally {
    await client.end().catch(() => {}); // It never began.
  }
}

describe('whyUnreachable()', () => {
  it.each([
    [
      'a port at which nothing listens',
      { hostname: '127.0.0.1', port: '1' },
      /^No database answers at 127\.0\.0\.1:1 \(/,
    ],
    ['a host that has no address', { hostname: 'nobody.invalid' }, /^No database answers at nobody\.invalid \(/],
    ['a database that is not there', { pathname: '/nowhere' }, /^The database lets nobody in: .*nowhere/],
    ['a role that is not there', { username: 'nobody' }, /^The database lets nobody in: .*nobody/],
    ['a wrong password', { password: 'wrong-word' }, /^The database lets nobody in: /],
  ])('says so of %s, without the password', async (_, changes, pattern) => {
    const said = await connecting(changes);
    expect(said).toMatch(pattern);
    expect(said).toMatch(/Next: .*DATABASE_URL/);
    for (const password of [new URL(test.runtimeUrl).password, 'wrong-word']) expect(said).not.toContain(password);
  });

  it('says so of a database with too many connections', async () => {
    const name = pg.escapeIdentifier(new URL(test.adminUrl).pathname.slice(1));
    const limit = (connections: number) =>
      withClient(test.adminUrl, (admin) => admin.query(`alter database ${name} connection limit ${connections}`));
    await limit(0);
    try {
      expect(await connecting({})).toMatch(/^The database takes nobody in now: too many connections .*Next: wait/);
    } finally {
      await limit(-1);
    }
  });

  it('has nothing to say of other errors', () => {
    expect(whyUnreachable(new Error('something else'), 'DATABASE_URL')).toBeUndefined();
    expect(whyUnreachable('a text', 'DATABASE_URL')).toBeUndefined();
  });
});
