import type pg from 'pg';
import type { TestDatabase } from '../../setup/database.ts';
import { placeUrls, type TableUrls } from '../../setup/places.ts';
import type { Access } from '../premises.ts';
import { seeEveryRow } from '../privileged.ts';
import { connect } from '../session.ts';
import { literal } from '../sql.ts';

/** A control plane, by which tenants' databases are found. */
export type Place = TableUrls & Pick<TestDatabase, 'environment'>;

/** Who has a database, in the order in which they came. */
export async function tenantsOf(controlPlane: pg.ClientBase): Promise<string[]> {
  const { rows } = await controlPlane.query<{ id: string }>(
    `select tenant_id::text as id from platform.places where state = 'taken' order by made_at`,
  );
  return rows.map(({ id }) => id);
}

/** Tells the directory, as an administrator of the control plane. */
export const noteAs =
  (controlPlane: () => Promise<pg.ClientBase>): Access['note'] =>
  async (kind, key, tenantId) => {
    const admin = await controlPlane();
    await admin.query(
      `insert into platform.directory (kind, key, tenant_id) values (${[kind, key, tenantId].map(literal).join(', ')}) on conflict do nothing`,
    );
  };

interface Opened extends Pick<Access, 'adminOf' | 'note' | 'logins'> {
  readonly controlPlane: () => Promise<pg.Client>;
  readonly close: () => Promise<void>;
}

/** Connections of an administrator's, each made when it is first asked for. */
export function openAccess(place: Place): Opened {
  const open = new Map<string, Promise<pg.Client>>();
  const connected = async (key: string, url: () => Promise<string>): Promise<pg.Client> => {
    const client =
      open.get(key) ??
      (async () => {
        const made = await connect(await url());
        await seeEveryRow(made);
        return made;
      })();
    open.set(key, client);
    return await client;
  };
  const controlPlane = async () => await connected('', async () => place.adminUrl);
  return {
    controlPlane,
    adminOf: async (tenantId) => await connected(tenantId, async () => (await placeUrls(place, tenantId)).adminUrl),
    note: noteAs(controlPlane),
    logins: async () => {
      const tenants = await tenantsOf(await controlPlane());
      const urls = await Promise.all(tenants.map(async (tenantId) => (await placeUrls(place, tenantId)).runtimeUrl));
      return [place.runtimeUrl, ...urls];
    },
    close: async () => {
      for (const client of open.values()) await (await client.catch(() => undefined))?.end();
    },
  };
}
