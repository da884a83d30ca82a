import { afterAll, beforeAll, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { namedRoleSql } from '../isolation/homes.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it.each([
  ['the role of all logins for a login of a tenant, which comes and goes', 't_0123', 'app', roles.tenants],
  ['the application’s role for itself', roles.runtime, 'app', roles.runtime],
  ['the login where no tables of tenants are', 't_0123', 'platform', 't_0123'],
])('what mends a policy names %s', async (_, login, schema, named) => {
  const { rows } = await withClient(test.adminUrl, (client) =>
    client.query<{ role: string }>(`select ${namedRoleSql('$1::text', '$2::text')} as role`, [login, schema]),
  );
  expect(rows).toEqual([{ role: named }]);
});
