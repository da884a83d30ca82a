import pg from 'pg';
import { readTemplate } from '../../../src/tenancy/places/connect.ts';
import { dropLogin } from '../../../src/tenancy/places/drop.ts';
import { bindDatabase, closeDatabase, copy as copyWhole } from '../../../src/tenancy/places/make.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { templateSchema } from '../../../src/tenancy/schema.ts';
import { type TestDatabase, type TestServer, withClient } from '../../setup/database.ts';
import { copyPlaces, dropPlaces, placeUrls } from '../../setup/places.ts';
import { seeEveryRow } from '../privileged.ts';
import { connect, execute } from '../session.ts';
import { tenantsOf } from './access.ts';

export const nameOf = (url: string): string => new URL(url).pathname.slice(1);
export const at = (url: string, database: string): string =>
  Object.assign(new URL(url), { pathname: `/${database}` }).href;

/** Only where tenants' databases were changed: those that are made later are too. */
const templateOf = (controlPlane: string): string => `${controlPlane}_template`;

/** The databases of the tenants of a copied control plane. */
export interface Copies {
  /** Copies them, once. */
  readonly furnish: () => Promise<void>;
  /** Those that were copied or made since, and the control plane itself. */
  readonly drop: () => Promise<void>;
}

/** They are copied when they are asked for; `change` is what they need to be like the control plane then. */
export async function openCopies(
  server: TestServer,
  { adminUrl, environment }: TestDatabase,
  change: () => Promise<void>,
): Promise<Copies> {
  const copied = await withClient(adminUrl, placesOf);
  let furnished: Promise<void> | undefined;
  const furnish = async (): Promise<void> => {
    await copyPlaces(adminUrl, environment);
    await change();
  };
  return {
    furnish: async () => {
      furnished ??= furnish();
      await furnished;
    },
    drop: async () => {
      const places = await withClient(adminUrl, placesOf);
      await withClient(server.adminUrl, async (admin) => {
        const name = nameOf(adminUrl);
        for (const each of [name, templateOf(name)]) await dropDatabase(admin, each);
        for (const { database, login } of places) {
          // What it was copied from keeps its databases, and the logins that both have.
          if (!copied.some((each) => each.database === database)) await dropDatabase(admin, database);
          if (!copied.some((each) => each.login === login)) await dropLogin(admin, login);
        }
      });
    },
  };
}

interface Occupied {
  readonly database: string;
  readonly login: string;
}

async function placesOf(controlPlane: pg.ClientBase): Promise<Occupied[]> {
  return (await controlPlane.query<Occupied>('select database, login from platform.places')).rows;
}

/** What a migration made is the owner's afterwards. */
export const handOver = `do $$ declare made regclass; begin
  for made in
    select oid from pg_class
    where relkind in ('r', 'p') and relnamespace = '${templateSchema}'::regnamespace and pg_get_userbyid(relowner) = current_user
  loop
    execute format('alter table %s owner to ${roles.owner}', made);
  end loop; end $$`;

/** Changes each tenant's database and their template as a migration does. */
export async function changePlaces(copy: TestDatabase, sql: readonly string[]): Promise<void> {
  if (sql.length === 0) return;
  await withClient(copy.adminUrl, async (admin) => {
    const name = templateOf(nameOf(copy.adminUrl));
    await copyWhole(admin, name, (await readTemplate(admin))?.database ?? '');
    await closeDatabase(admin, name);
    await execute(at(copy.adminUrl, name), [...sql, handOver]);
    await admin.query('update platform.template set database = $1', [name]);
  });
  await Promise.all(
    (await withClient(copy.adminUrl, tenantsOf)).map(async (tenantId) => {
      const url = (await placeUrls(copy, tenantId)).adminUrl;
      await execute(url, sql);
      const there = await connect(url);
      try {
        await seeEveryRow(there);
        await bindDatabase(there, tenantId);
      } finally {
        await there.end();
      }
    }),
  );
}

/** With the databases of its tenants and their template. */
export async function dropControlPlane({ adminUrl, template, environment }: TestServer): Promise<void> {
  const url = at(adminUrl, template);
  const tenants = await withClient(url, readTemplate);
  await dropPlaces(url, environment);
  await withClient(adminUrl, async (admin) => {
    await dropDatabase(admin, template);
    if (tenants?.database.startsWith(template)) await dropDatabase(admin, tenants.database);
  });
}

export async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
}
