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

  it.each([
    ['a setting that there is not', '?options=-c nonsense=1', /refuses the connection: .*"nonsense"/],
    ['a role that it may not be', '?options=-c role=postgres', /refuses the connection: .*"postgres"/],
  ])('says so of a URL that asks for %s', async (_, search, pattern) => {
    expect(await connecting({ search })).toMatch(pattern);
  });

  it('says so of a server without TLS', async () => {
    expect(await connecting({ search: '?sslmode=verify-full' })).toMatch(
      /^The database speaks no TLS: .*Next: .*sslmode/,
    );
  });

  it('says so of a server that asks for TLS', () => {
    const refused = Object.assign(
      new pg.DatabaseError('no pg_hba.conf entry for host "h", no encryption', 1, 'error'),
      {
        code: '28000',
      },
    );
    expect(whyUnreachable(refused, 'DATABASE_URL')).toMatch(/Next: add sslmode=verify-full to DATABASE_URL/);
  });

  it.each(['query_wait_timeout', 'no such database: app', 'server login failed: wrong password type'])(
    'says so of a pooler that gives no connection: %s',
    (message) => {
      const refused = Object.assign(new pg.DatabaseError(message, 1, 'error'), { code: '08P01', severity: 'FATAL' });
      expect(whyUnreachable(refused, 'DATABASE_URL')).toBe(
        `The pooler gives no connection: ${message}. Next: see in its log what it says of the database; DATABASE_URL names it.`,
      );
    },
  );

  it.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
    'says so of a certificate that is not trusted: %s',
    (code) => {
      const said = whyUnreachable(Object.assign(new Error('not this one'), { code }), 'DATABASE_URL');
      expect(said).toMatch(/certificate is not trusted: not this one\. Next: .*DATABASE_URL.*sslrootcert/);
    },
  );

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

  it('says so of a connection that was lost', async () => {
    const client = new pg.Client(test.adminUrl);
    client.on('error', () => {}); // It fails the statements below.
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const saidOf = async (work: Promise<unknown>) =>
      await work.catch((error: unknown) => whyUnreachable(error, 'DATABASE_ADMIN_URL'));
    const sleeping = saidOf(client.query('select pg_sleep(10)'));
    await withClient(test.adminUrl, (admin) => admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]));
    const said = [await sleeping, await saidOf(client.query('select 1'))];
    const sentence = expect.stringMatching(/^The connection to the database was lost: .*Next: .*DATABASE_ADMIN_URL/);
    expect(said).toEqual([sentence, sentence]);
    await client.end().catch(() => {}); // It is over.
  });

  it('has nothing to say of other errors', () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'write' });
    for (const error of [new Error('something else'), full])
      expect(whyUnreachable(error, 'DATABASE_URL')).toBeUndefined();
    expect(whyUnreachable('a text', 'DATABASE_URL')).toBeUndefined();
  });
});
