import pg from 'pg';
import { asAdministrator } from '../../platform/as-migrator.ts';
import { passwordVerifier } from '../../platform/scram.ts';
import { TenantError } from '../../platform/tenants.ts';
import { roles } from '../roles.ts';
import type { SecretKey } from '../secret-keys.ts';
import type { Environment } from '../strategy.ts';
import { atPlace } from './connect.ts';
import { databaseKeysOf, newPassword, sealPassword } from './credentials.ts';
import { asMigrator } from './ledger.ts';
import { placeLock, whileLocked } from './locks.ts';
import type { Site } from './place.ts';
import { noteKeys } from './sealing-keys.ts';

/** A database whose login has another password now; its tenant's slug when it has one. */
export interface Replaced {
  readonly database: string;
  readonly slug: string | null;
}

/**
 * Gives the login of every tenant's database another password, those that are ready for somebody too, or that of one
 * tenant. Connections that are open stay; an application that opens another one is told the new password. Needs
 * DATABASE_ADMIN_URL.
 */
export async function replacePasswords(environment: Environment, slug?: string): Promise<Replaced[]> {
  const keys = databaseKeysOf(environment);
  return await asAdministrator(environment, async (admin) => {
    const { rows } = await asMigrator(admin, () =>
      admin.query<Site & Replaced>(
        `select place.tenant_id as "tenantId", place.database, login, host, port, generation, slug
        from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
        where state in ('ready', 'taken') and ($1::text is null or slug = $1)
        order by place.database`,
        [slug ?? null],
      ),
    );
    if (slug !== undefined && rows.length === 0)
      throw new TenantError(`No tenant "${slug}" has a database of its own. Next: npm run tenant -- list`);
    const replaced: Replaced[] = [];
    for (const place of rows) {
      const isThere = await whileLocked(admin, placeLock(place.tenantId), 'alone', () =>
        replacePassword({ admin, environment, keys }, place),
      );
      if (isThere) replaced.push({ database: place.database, slug: place.slug });
    }
    return replaced;
  });
}

/**
 * In one transaction, so that who is refused with the old password finds the new one. Of a database on another server
 * it is two, a moment apart. False for a place that was taken away meanwhile.
 */
async function replacePassword(
  {
    admin,
    environment,
    keys,
  }: { readonly admin: pg.Client; readonly environment: Environment; readonly keys: readonly SecretKey[] },
  place: Site,
): Promise<boolean> {
  const password = newPassword();
  const text = `alter role ${pg.escapeIdentifier(place.login)} password ${pg.escapeLiteral(passwordVerifier(password))}`;
  return await asMigrator(admin, async () => {
    await noteKeys(admin, keys);
    // Another generation, so that no pool goes on with the old password.
    const { rowCount } = await admin.query(
      `update platform.places set sealed_password = $2, generation = generation + 1
      where tenant_id = $1 and state in ('ready', 'taken')`,
      [place.tenantId, sealPassword(keys, place, password)],
    );
    if (rowCount === 0) return false;
    if (place.host === null && place.port === null)
      await admin.query(`reset role; ${text}; set local role ${roles.migrator}`);
    else await atPlace(environment, place, (there) => there.query(text));
    return true;
  });
}
