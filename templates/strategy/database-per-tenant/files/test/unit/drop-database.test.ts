import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { dropDatabase, dropLogin } from '../../src/tenancy/places/drop.ts';
import { withClient } from '../setup/database.ts';
import { administratorRights } from '../setup/places.ts';

const server = inject('server');

it('drops a database that its tenant has open, as an administrator who is no superuser', async () => {
  const dba = `dba_${randomBytes(6).toString('hex')}`;
  const tenant = `t_${randomBytes(16).toString('hex')}`;
  const urlOf = (username: string, pathname: string) =>
    Object.assign(new URL(server.adminUrl), { username, password: 'secret', pathname }).href;
  await withClient(server.adminUrl, async (superuser) => {
    await superuser.query(`create role ${dba} login ${administratorRights} password 'secret'`);
    const application = new pg.Client(urlOf(tenant, tenant));
    const ended = new Promise((resolve) => application.on('error', resolve));
    try {
      await withClient(urlOf(dba, 'postgres'), async (admin) => {
        await admin.query(`create role ${tenant} login password 'secret'`);
        await admin.query(`create database ${tenant}`);
        await application.connect();

        await dropDatabase(admin, tenant);

        expect(await ended).toMatchObject({ message: expect.stringContaining('terminat') as string });
        // It was a member for as long as that took.
        const { rows } = await admin.query<{ is: boolean }>(`select pg_has_role($1, 'usage') as is`, [tenant]);
        expect(rows).toEqual([{ is: false }]);
        await dropLogin(admin, tenant);
        expect((await admin.query('select from pg_roles where rolname = $1', [tenant])).rowCount).toBe(0);
      });
    } finally {
      await superuser.query(`drop database if exists ${tenant} with (force)`);
      await superuser.query(`drop role if exists ${tenant}, ${dba}`);
      await application.end().catch(() => {}); // It is over.
    }
  });
});
