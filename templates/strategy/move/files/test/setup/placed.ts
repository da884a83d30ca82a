import { asAdministrator } from '../../src/platform/as-migrator.ts';
import { asMigrator } from '../../src/tenancy/places/ledger.ts';
import type { TestDatabase } from './database.ts';
import { placeUrls as ownUrls, type TableUrls } from './own-places.ts';

/** Where a tenant's rows are: in the tables that tenants share, or in its own database. */
export async function placeUrls(
  database: TableUrls & Pick<TestDatabase, 'environment'>,
  tenantId: string,
): Promise<TableUrls> {
  const { adminUrl, runtimeUrl, platformUrl } = database;
  const isShared = await asAdministrator({ DATABASE_ADMIN_URL: adminUrl }, (admin) =>
    asMigrator(admin, async () => {
      const { rowCount } = await admin.query(
        `select from platform.placements where tenant_id = $1 and strategy = 'shared-schema'`,
        [tenantId],
      );
      return rowCount === 1;
    }),
  );
  return isShared ? { adminUrl, runtimeUrl, platformUrl } : await ownUrls(database, tenantId);
}
