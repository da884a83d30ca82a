import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { SecretKey } from '../secret-keys.ts';
import { projectName, roles } from '../roles.ts';
import { templateSchema } from '../schema.ts';
import type { Environment } from '../strategy.ts';
import { readLedger } from '../../platform/apply-missing.ts';
import { passwordVerifier } from '../../platform/scram.ts';
import { bindToTenant } from './bind.ts';
import { atPlace, readTemplate, type Template } from './connect.ts';
import { databaseKeysOf, newPassword, openPassword, sealPassword } from './credentials.ts';
import { asMigrator, noteAll } from './ledger.ts';
import { dropDatabase, dropLogin } from './drop.ts';
import { templateLock, whileLocked, withPlaceLock } from './locks.ts';
import type { Place } from './place.ts';
import { noteKeys } from './sealing-keys.ts';
import { settled } from './settled.ts';

/** What making a database needs. */
export interface Maker {
  /** A connection of the administrator's to the control plane. */
  readonly admin: pg.Client;
  readonly environment: Environment;
}

/** A database that somebody began to make. */
interface Unfinished extends Place {
  readonly state: 'new' | 'cloned' | 'login';
  readonly version: string;
  /** False when the template is another one by now. */
  readonly isCurrent: boolean;
}

/**
 * Makes a database that a tenant may take: a row that says so first, and each step noted in it. One for a tenant that
 * exists is its own from the beginning.
 */
export async function makePlace(maker: Maker, tenantId: string = randomUUID()): Promise<void> {
  // Of no time and no order, and not the tenant's id: a copy of this control plane names its databases anew.
  const name = `t_${randomBytes(16).toString('hex')}`;
  const keys = databaseKeysOf(maker.environment);
  await withPlaceLock(maker.admin, tenantId, async () => {
    const template = await templateOf(maker.admin);
    const sealed = sealPassword(keys, { tenantId, login: name }, newPassword());
    await asMigrator(maker.admin, async () => {
      await noteKeys(maker.admin, keys);
      await maker.admin.query(
        'insert into platform.places (tenant_id, database, login, sealed_password, version) values ($1, $2, $2, $3, $4)',
        [tenantId, name, sealed, template.version],
      );
    });
    await continueWith(maker, keys, tenantId);
  });
}

/** Finishes what others began and left, and takes away what would be out of date. */
export async function finishPlaces(maker: Maker): Promise<void> {
  const { rows } = await asMigrator(maker.admin, () =>
    maker.admin.query<{ tenantId: string }>(
      `select tenant_id as "tenantId" from platform.places where state in ('new', 'cloned', 'login') order by made_at`,
    ),
  );
  if (rows.length === 0) return;
  const keys = databaseKeysOf(maker.environment);
  // Whoever still works on one holds its lock.
  for (const { tenantId } of rows)
    await withPlaceLock(maker.admin, tenantId, () => continueWith(maker, keys, tenantId));
}

async function continueWith(maker: Maker, keys: readonly SecretKey[], tenantId: string): Promise<void> {
  const { admin } = maker;
  for (;;) {
    const place = await readUnfinished(admin, tenantId);
    if (place === undefined) return;
    if (!place.isCurrent) return await discard(admin, place);
    if (place.state === 'new') await clone(admin, place);
    else return await finish(maker, place, keys);
  }
}

async function readUnfinished(admin: pg.Client, tenantId: string): Promise<Unfinished | undefined> {
  const { rows } = await asMigrator(admin, () =>
    admin.query<Unfinished>(
      `select tenant_id as "tenantId", database, login, sealed_password as "sealedPassword", host, port, generation, state, version,
        version = (select version from platform.template) as "isCurrent"
      from platform.places
      where tenant_id = $1 and state in ('new', 'cloned', 'login')`,
      [tenantId],
    ),
  );
  return rows[0];
}

async function templateOf(admin: pg.Client): Promise<Template> {
  const template = await asMigrator(admin, () => readTemplate(admin));
  if (template === undefined)
    throw new Error('There is no template for the databases of tenants. Next: npm run db:migrate');
  return template;
}

/** Copies the template, and lets in nobody but who makes tenants. */
async function clone(admin: pg.Client, place: Unfinished): Promise<void> {
  await whileLocked(admin, templateLock, 'shared', async () => {
    // What the template has can no longer change; if it did, the next look at it discards the place.
    const template = await templateOf(admin);
    if (template.version !== place.version) return;
    if (!(await databaseExists(admin, place.database))) await copy(admin, place.database, template.database);
    await closeDatabase(admin, place.database);
    await setState(admin, place, 'cloned');
  });
}

/** `create database`, as soon as nobody is connected to the one that is copied. */
export async function copy(admin: pg.Client, database: string, from: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin.query(
        `create database ${pg.escapeIdentifier(database)} template ${pg.escapeIdentifier(from)} strategy wal_log`,
      );
      return;
    } catch (error) {
      const busy = error instanceof pg.DatabaseError && error.code === '55006';
      if (!busy || attempt === 100) throw error;
      await pause(50 + 100 * Math.random());
    }
  }
}

/**
 * Privileges of a database are not copied with it: everybody could connect to a new one, and make temporary tables
 * there.
 */
export async function closeDatabase(admin: pg.Client, database: string): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await admin.query(
    `revoke connect, temporary on database ${name} from public;
    grant connect on database ${name} to ${roles.platform};
    comment on database ${name} is ${pg.escapeLiteral(ownerMark(admin))}`,
  );
}

/**
 * Keeps the tenants' logins out of the control plane, which is closed to all but the application and who makes tenants.
 */
export async function closeControlPlane(admin: pg.Client): Promise<void> {
  const name = pg.escapeIdentifier(admin.database ?? '');
  await admin.query(
    `revoke connect, temporary on database ${name} from public;
    grant connect on database ${name} to ${roles.runtime}, ${roles.platform}`,
  );
}

/** By which a database that no row knows can be told from one of another control plane on the same server. */
export const ownerMark = ({ database = '' }: pg.Client): string => `a tenant's, of ${projectName} in ${database}`;

/** The only login that gets in. It is bound by the same time-outs as the runtime role. */
async function makeLogin(admin: pg.Client, place: Unfinished, keys: readonly SecretKey[]): Promise<void> {
  await admin.query('begin');
  try {
    await createLogin(admin, place.login, openPassword(keys, place, place.sealedPassword));
    await admin.query(
      `grant connect on database ${place.database} to ${place.login};
      set local role ${roles.migrator};
      update platform.places set state = 'login' where tenant_id = '${place.tenantId}';
      commit`,
    );
  } catch (error) {
    await admin.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

/** Inside a transaction of the administrator's. */
async function createLogin(admin: pg.Client, login: string, password: string): Promise<void> {
  const { rows } = await admin.query<{ text: string }>(
    `select format('alter role %I set %I = %L', $1::text, split_part(chosen, '=', 1), substr(chosen, strpos(chosen, '=') + 1)) as text
    from pg_catalog.pg_db_role_setting
    join pg_catalog.pg_roles on pg_roles.oid = setrole
    cross join unnest(setconfig) as chosen
    where setdatabase = 0 and rolname = $2
      and (split_part(chosen, '=', 1) <> 'log_parameter_max_length'
        or (select rolsuper from pg_catalog.pg_roles where rolname = current_user))`,
    [login, roles.runtime],
  );
  await admin.query(
    `create role ${login} login password ${pg.escapeLiteral(passwordVerifier(password))} in role ${roles.tenants}`,
  );
  if (rows.length > 0) await admin.query(rows.map(({ text }) => text).join(';'));
}

/**
 * Makes the login, and binds the database to its tenant meanwhile: the first connection to a new database waits for its
 * server process to read the whole catalog. Then the database is ready.
 */
async function finish({ admin, environment }: Maker, place: Unfinished, keys: readonly SecretKey[]): Promise<void> {
  const bound = atPlace(environment, place, async (there) => {
    await asMigrator(there, () => bindDatabase(there, place.tenantId));
    return await readLedger(there);
  });
  await settled([bound, ...(place.state === 'cloned' ? [makeLogin(admin, place, keys)] : [])]);
  const files = [...(await bound)].map(([name, checksum]) => ({ name, checksum }));
  await asMigrator(admin, async () => {
    await noteAll(admin, place.tenantId, files);
    await admin.query(
      `update platform.places
      set state = case when exists (select from platform.tenants where id = $1) then 'taken' else 'ready' end
      where tenant_id = $1`,
      [place.tenantId],
    );
  });
}

/** Lets no row of anybody else in, and no other tenant. In a transaction, as the migrator, in a tenant's database. */
export async function bindDatabase(there: pg.ClientBase, tenantId: string): Promise<void> {
  await bindToTenant(there, templateSchema, tenantId);
  const { rowCount } = await there.query(
    `select from pg_catalog.pg_constraint where conrelid = 'platform.tenants'::regclass and conname = 'tenant_here'`,
  );
  if (rowCount !== 0) return;
  await there.query(
    `alter table platform.tenants add constraint tenant_here check (id = ${pg.escapeLiteral(tenantId)})`,
  );
}

/** Takes away what was begun from a template that is no longer. */
async function discard(admin: pg.Client, place: Unfinished): Promise<void> {
  await dropDatabase(admin, place.database);
  await dropLogin(admin, place.login);
  await asMigrator(admin, () => admin.query('delete from platform.places where tenant_id = $1', [place.tenantId]));
}

async function setState(admin: pg.Client, { tenantId }: Unfinished, state: string): Promise<void> {
  await asMigrator(admin, () =>
    admin.query('update platform.places set state = $2 where tenant_id = $1', [tenantId, state]),
  );
}

export async function databaseExists(admin: pg.ClientBase, database: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_catalog.pg_database where datname = $1', [database]);
  return rowCount !== 0;
}
