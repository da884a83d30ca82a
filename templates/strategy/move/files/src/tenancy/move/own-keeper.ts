import type pg from 'pg';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { roles } from '../roles.ts';
import { atPlace } from '../places/connect.ts';
import { dropPlace } from '../places/drop.ts';
import { asMigrator } from '../places/ledger.ts';
import { finishPlaces, makePlace, type Maker } from '../places/make.ts';
import { type Site, urlAt } from '../places/place.ts';
import type { Environment } from '../strategy.ts';
import { MoveDoubt } from './doubt.ts';
import type { Keeper } from './keepers.ts';

/** Databases of tenants' own. */
export function ownKeeper(environment: Environment): Keeper {
  const { DATABASE_ADMIN_URL: adminUrl = '' } = environment;
  return {
    prepare: (tenantId) =>
      asAdministrator(environment, async (admin) => {
        const maker = { admin, environment };
        await finishPlaces(maker);
        if ((await siteOf(admin, tenantId)) === undefined) await makePlace(maker, tenantId);
        const site = await siteOf(admin, tenantId);
        if (site === undefined) throw new MoveDoubt('The database could not be made. Next: the same again.');
        await introduce(maker, site);
      }),
    find: async (tenantId) => {
      const site = await asAdministrator(environment, (admin) => siteOf(admin, tenantId));
      if (site === undefined) return undefined;
      return { strategy: 'database-per-tenant', adminUrl: urlAt(adminUrl, site), isControlPlane: false };
    },
    discard: async (tenantId) => {
      await dropPlace(environment, tenantId);
    },
  };
}

/** Where a tenant's own database is, if it is there. */
async function siteOf(admin: pg.Client, tenantId: string): Promise<Site | undefined> {
  return await asMigrator(admin, async () => {
    const { rows } = await admin.query<Site>(
      `select tenant_id as "tenantId", database, login, host, port, generation
      from platform.places
      where tenant_id = $1 and state = 'taken' and exists (select from pg_catalog.pg_database where datname = database)`,
      [tenantId],
    );
    return rows[0];
  });
}

/** The policies of a tenant's database ask who the tenant is. */
async function introduce({ admin, environment }: Maker, site: Site): Promise<void> {
  const { slug, name } = await asMigrator(admin, async () => {
    const { rows } = await admin.query<{ slug: string; name: string }>(
      'select slug, name from platform.tenants where id = $1',
      [site.tenantId],
    );
    if (rows[0] === undefined) throw new MoveDoubt('The tenant is gone.');
    return rows[0];
  });
  await atPlace(environment, site, async (there) => {
    await there.query(`set role ${roles.migrator}`);
    await there.query('insert into platform.tenants (id, slug, name) values ($1, $2, $3) on conflict do nothing', [
      site.tenantId,
      slug,
      name,
    ]);
  });
}
