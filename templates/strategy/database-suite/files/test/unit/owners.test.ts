import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTemplate } from '../../src/tenancy/places/connect.ts';
import { makePlace } from '../../src/tenancy/places/make.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { databaseRules } from '../isolation/strategy/lint.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { administrator } from './two-tenants.ts';

let test: TestDatabase;
let admin: pg.Client;
let place: { readonly database: string; readonly login: string };
beforeAll(async () => {
  test = await createTestDatabase();
  admin = new pg.Client(test.adminUrl);
  await admin.connect();
  await makePlace({ admin, environment: administrator(test) });
  place = (await admin.query<typeof place>('select database, login from platform.places limit 1')).rows[0] ?? place;
});
afterAll(async () => {
  await admin.end();
  await test.drop();
});

/** What is found once these were said, which are taken back. */
async function found(...statements: readonly string[]): Promise<object[]> {
  const { database: controlPlane = '' } = admin;
  const template = (await readTemplate(admin))?.database ?? '';
  const rule = databaseRules({ controlPlane, template }).find(({ attack }) => attack.includes('owns databases'));
  await admin.query('begin');
  try {
    for (const text of statements) await admin.query(text);
    return (await admin.query<{ object: string; leaked: string }>(rule?.sql ?? '')).rows;
  } finally {
    await admin.query('rollback');
  }
}

/** Only who may become a role gives it something. */
const giveTo = (role: string): string =>
  `grant ${role} to current_user; alter database ${place.database} owner to ${role}`;

describe("the owner of a tenant's database", () => {
  it('may be who made it, and another administrator', async () => {
    expect(await found()).toEqual([]);
    expect(await found('create role another_administrator createdb', giveTo('another_administrator'))).toEqual([]);
  });

  it.each([
    ['its login', () => place.login],
    ['the application', () => roles.runtime],
    ['who makes tenants', () => roles.platform],
  ])('is not %s', async (_, role) => {
    const leaked = `owns the database ${place.database}`;
    expect(await found(giveTo(role()))).toMatchObject([{ object: role(), leaked }]);
  });

  it('is nobody who may make no database', async () => {
    expect(await found('create role a_stranger', giveTo('a_stranger'))).toMatchObject([{ object: 'a_stranger' }]);
  });
});
