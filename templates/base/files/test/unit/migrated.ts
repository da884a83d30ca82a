import pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import { compare, type Difference } from '../isolation/decisions/compare.ts';
import { readTenancy, type Tenancy } from '../isolation/decisions/file.ts';
import { readFound } from '../isolation/decisions/found.ts';
import { renew } from '../isolation/decisions/renew.ts';
import { migratedUrl } from '../setup/places.ts';
import { createTestDatabase } from '../setup/test-database.ts';

/** A migrated database, and what db/tenancy.json would say of it if it were up to date: each test is about its own change. */
export async function openMigrated() {
  const database = await createTestDatabase();
  const admin = new pg.Client(await migratedUrl(database.adminUrl));
  await admin.connect();
  const found = await readFound(admin);
  const tenancy = renew(await readTenancy(), found);
  const before = compare(tenancy, found).map((difference) => JSON.stringify(difference));

  async function differences(decided = tenancy): Promise<Difference[]> {
    return compare(decided, await readFound(admin)).filter((each) => !before.includes(JSON.stringify(each)));
  }

  /** Runs statements as a migration does, and undoes them after the work. */
  async function afterMigration<T>(statements: readonly string[], work: () => Promise<T>): Promise<T> {
    await admin.query(`begin; set local search_path = ${templateSchema}; set local role ${roles.migrator}`);
    try {
      for (const statement of statements) await admin.query(statement);
      await admin.query(`reassign owned by ${roles.migrator} to ${roles.owner}; set local search_path = pg_catalog`);
      return await work();
    } finally {
      await admin.query('rollback');
    }
  }

  return {
    admin,
    tenancy,
    differences,
    afterMigration,
    differencesAfter: (statements: readonly string[], decided?: Tenancy) =>
      afterMigration(statements, () => differences(decided)),
    decide: (relations: Tenancy['relations']): Tenancy => ({
      ...tenancy,
      relations: { ...tenancy.relations, ...relations },
    }),
    drop: async () => {
      await admin.end();
      await database.drop();
    },
  };
}
