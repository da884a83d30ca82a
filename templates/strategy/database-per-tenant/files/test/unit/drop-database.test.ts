import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { dropDatabase, dropLogin } from '../../src/tenancy/places/drop.ts';
import { administratorRights } from '../setup/places.ts';

const server = inject('server');

let dba: string;
let tenant: string;
let superuser: pg.Client;
/** An administrator who is no superuser. */
let admin: pg.Client;
beforeEach(async () => {
  dba = `dba_${randomBytes(6).toString('hex')}`;
  tenant = `t_${randomBytes(16).toString('hex')}`;
  superuser = await connect(server.adminUrl);
  await superuser.query(`create role ${dba} login ${administratorRights} password 'secret'`);
  admin = await connect(urlOf(dba, 'postgres'));
  await admin.query(`create role ${tenant} login password 'secret'`);
  await admin.query(`create database ${tenant}`);
});
afterEach(async () => {
  await admin.end();
  await superuser.query(`drop database if exists ${tenant} with (force)`);
  await superuser.query(`drop role if exists ${tenant}, ${dba}`);
  await superuser.end();
});

const urlOf = (username: string, pathname: string): string =>
  Object.assign(new URL(server.adminUrl), { username, password: 'secret', pathname }).href;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

it('drops a database that its tenant has open, as an administrator who is no superuser', async () => {
  const application = await connect(urlOf(tenant, tenant));
  const ended = new Promise((resolve) => application.on('error', resolve));

  await dropDatabase(admin, tenant);

  expect(await ended).toMatchObject({ message: expect.stringContaining('terminat') as string });
  // It was a member for as long as that took.
  const { rows } = await admin.query<{ is: boolean }>(`select pg_has_role($1, 'usage') as is`, [tenant]);
  expect(rows).toEqual([{ is: false }]);
  await dropLogin(admin, tenant);
  expect((await admin.query('select from pg_roles where rolname = $1', [tenant])).rowCount).toBe(0);
  await application.end().catch(() => {}); // It is over.
});

// A superuser's session stands for autovacuum, which no test can call.
it('drops a database with somebody in it whom the administrator may not end, as soon as that one leaves', async () => {
  const other = await connect(Object.assign(new URL(server.adminUrl), { pathname: tenant }).href);
  const watching = await connect(urlOf(dba, 'postgres'));

  const dropped = dropDatabase(admin, tenant);

  const isWaiting = `select from pg_stat_activity
    where usename = current_user and state = 'active' and query like 'drop database%' and query not like '%force%'`;
  await expect.poll(async () => (await watching.query(isWaiting)).rowCount).toBe(1);
  await other.end();
  await dropped;
  await watching.end();
  expect((await superuser.query('select from pg_database where datname = $1', [tenant])).rowCount).toBe(0);
});
