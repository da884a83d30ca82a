import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import pg from 'pg';
import { beginRun, createMarked, endRuns } from '../setup/runs.ts';

const { adminUrl, template } = inject('server');
let admin: pg.Client;
beforeAll(async () => {
  admin = new pg.Client(adminUrl);
  await admin.connect();
});
afterAll(() => admin.end());

const databases = async () =>
  (await admin.query<{ name: string }>('select datname as name from pg_database')).rows.map(({ name }) => name);

it('a run that is over leaves no database on the server, and takes none of another', async () => {
  const run = await beginRun(adminUrl);
  const own = `test_${run}_left`;
  // Of somebody else, who calls databases alike.
  const foreign = `test_${randomBytes(6).toString('hex')}_foreign`;
  await createMarked(admin, own);
  await admin.query(`create database ${foreign}`);
  try {
    await beginRun(adminUrl);
    expect(await databases()).toEqual(expect.arrayContaining([own, foreign, template]));
    await endRuns(adminUrl);
    const left = await databases();
    expect(left).not.toContain(own);
    expect(left).toEqual(expect.arrayContaining([foreign, template]));
  } finally {
    await admin.query(`drop database ${foreign}`);
  }
});
