import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { databaseExists } from '../../src/tenancy/places/make.ts';
import { templateName } from '../../src/tenancy/places/migrate.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { replacePasswords } from '../../src/tenancy/places/replace-passwords.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('hex')}`;

let test: TestDatabase;
let known: string;
beforeAll(async () => {
  test = await createTestDatabase();
  known = test.environment['TENANT_DATABASE_KEYS'] ?? '';
});
afterAll(() => test.drop());

const withKeys = (...keys: string[]) => ({ ...test.environment, TENANT_DATABASE_KEYS: keys.join() });

/** As the application does it. */
async function start(...keys: string[]): Promise<void> {
  const database = await openDatabase(readConfig({ ...withKeys(...keys), NODE_ENV: 'test' }));
  await database.close();
}

const migrateWith = (...keys: string[]) => migrate({ adminUrl: test.adminUrl, environment: withKeys(...keys) });

describe('TENANT_DATABASE_KEYS', () => {
  it.each([
    ['another key of the same name', [key('dev1')], /has another key "dev1" .* Next: put that one back/],
    [
      'another key',
      [key('two')],
      /sealed with the key "dev1", which TENANT_DATABASE_KEYS does not have\. Next: add it/,
    ],
  ])('lets nobody start, nor make databases, with %s', async (_, keys, problem) => {
    await expect(start(...keys)).rejects.toThrow(problem);
    await expect(prepareMany(withKeys(...keys), 1)).rejects.toThrow(problem);
  });

  it('is changed without a start that fails', async () => {
    const added = key('two');
    await start(known);
    await start(known, added);
    await migrateWith(added, known);
    for (const keys of [[known, added], [added, known], [added]]) await start(...keys);
    await expect(start(known)).rejects.toThrow(/which TENANT_DATABASE_KEYS does not have/);
    await migrateWith(known, added);
    await start(known);
  });

  it('is looked at before the migrations change what tenants have', async () => {
    await prepareMany(test.environment, 1);
    await withClient(test.adminUrl, async (admin) => {
      const template = templateName(admin);
      await admin.query(`drop database ${template}`);
      await expect(migrateWith(key('dev1'))).rejects.toThrow(/is not genuine: the key "dev1" .* did not seal it/);
      expect(await databaseExists(admin, template)).toBe(false);
      await migrateWith(known);
      expect(await databaseExists(admin, template)).toBe(true);
    });
  });

  it('may be another one after it was lost, with other passwords', async () => {
    const found = key('found');
    await withClient(test.adminUrl, (admin) => admin.query('delete from platform.sealing_keys'));
    await replacePasswords(withKeys(found));
    await migrateWith(found);
    await start(found);
    await expect(start(known)).rejects.toThrow(/which TENANT_DATABASE_KEYS does not have/);
  });
});
