import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { applyMissing } from '../../src/platform/apply-missing.ts';
import { missingMigrations, readMigrations, toMigration } from '../../src/platform/migration-files.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import { administratorRights, dropPlaces, templateUrl } from '../setup/places.ts';
import { createTestDatabase } from '../setup/test-database.ts';

const server = inject('server');
let admin: pg.Client;
const databases: string[] = [];
const logins: string[] = [];

beforeAll(async () => {
  admin = new pg.Client(server.adminUrl);
  await admin.connect();
});
afterEach(async () => {
  for (const name of databases.splice(0)) {
    await dropPlaces(urlOf(name), {});
    await admin.query(`drop database if exists ${name} with (force)`);
  }
  for (const name of logins.splice(0)) {
    await admin.query(`revoke ${Object.values(roles).join()} from ${name} cascade`);
    await admin.query(`drop role ${name}`);
  }
});
afterAll(() => admin.end());

const urlOf = (name: string): string => Object.assign(new URL(server.adminUrl), { pathname: `/${name}` }).href;

async function isSuperuser(): Promise<boolean> {
  const { rows } = await admin.query<{ superuser: boolean }>(
    'select rolsuper as superuser from pg_roles where rolname = current_user',
  );
  return rows[0]?.superuser === true;
}

/** An empty database, as `role` reaches it. */
async function emptyDatabase(login?: { readonly role: string; readonly password: string }): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}${login === undefined ? '' : ` owner ${login.role}`}`);
  databases.push(name);
  const credentials = login === undefined ? {} : { username: login.role, password: login.password };
  return Object.assign(new URL(urlOf(name)), credentials).href;
}

async function within<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('migrate()', () => {
  it('applies everything, and nothing the second time', async () => {
    const adminUrl = await emptyDatabase();
    const all = await readMigrations();
    expect((await migrate({ adminUrl, environment: {} })).map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    expect(await migrate({ adminUrl, environment: {} })).toEqual([]);
  });

  it('tells of each file once', async () => {
    const adminUrl = await emptyDatabase();
    const told: string[] = [];
    const onStep = (line: string) => void told.push(/^(?:would apply|applied) (\S+)/.exec(line)?.[1] ?? '');
    const names = (await readMigrations()).map(({ name }) => name);
    for (const dryRun of [true, false]) {
      await migrate({ adminUrl, environment: {}, onStep, dryRun });
      expect(told.splice(0).filter((name) => name !== '')).toEqual(names);
    }
  });

  it('leaves nothing to the migrator, and nothing to the administrator', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const { rows } = await within(adminUrl, (client) =>
      client.query<{ owner: string }>(
        // What an extension brings is its own.
        `with brought as (select objid from pg_depend where deptype = 'e')
        select distinct pg_get_userbyid(relowner) as owner from pg_class where relnamespace in ('app'::regnamespace, 'platform'::regnamespace) and oid not in (table brought)
        union select pg_get_userbyid(proowner) from pg_proc where pronamespace in ('app'::regnamespace, 'platform'::regnamespace) and oid not in (table brought)
        union select pg_get_userbyid(nspowner) from pg_namespace where nspname in ('app', 'platform')
        order by 1`,
      ),
    );
    expect(rows.map(({ owner }) => owner)).toEqual([roles.owner, roles.resolver]);
  });

  it('needs no superuser', async (context) => {
    if (!(await isSuperuser())) return context.skip();
    const login = { role: `dba_${randomBytes(6).toString('hex')}`, password: 'dba' };
    await admin.query(`create role ${login.role} login ${administratorRights} password 'dba'`);
    logins.push(login.role);
    // As if it had made the roles itself.
    await admin.query(`grant ${Object.values(roles).join()} to ${login.role} with admin option`);
    const adminUrl = await emptyDatabase(login);
    expect(await migrate({ adminUrl, environment: {} })).not.toEqual([]);
    expect(await migrate({ adminUrl, environment: {} })).toEqual([]);
    return undefined;
  });

  it('says what the administrator lacks', async (context) => {
    if (!(await isSuperuser())) return context.skip();
    const login = { role: `dba_${randomBytes(6).toString('hex')}`, password: 'dba' };
    await admin.query(`create role ${login.role} login password 'dba'`);
    logins.push(login.role);
    const adminUrl = Object.assign(new URL(await emptyDatabase()), { username: login.role, password: 'dba' }).href;
    await expect(migrate({ adminUrl, environment: {} })).rejects.toThrow(
      /does not own the database .* Next: alter database/,
    );
    return undefined;
  });

  it('refuses a file that changed after it was applied', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const changed = `update platform.migrations set checksum = 'another' where name = 'tenant/0001_members.sql'`;
    await within(adminUrl, (client) => client.query(changed));
    await expect(migrate({ adminUrl, environment: {} })).rejects.toThrow(
      /Changed after it was applied here: db\/migrations\/tenant\/0001_members.sql/,
    );
  });

  it('tells of a database that is newer than this checkout, and leaves it as it is', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const newer = `insert into platform.migrations (name, checksum) values ('tenant/9001_color.sql', 'another')`;
    await within(adminUrl, (client) => client.query(newer));
    const warnings: string[] = [];
    expect(await migrate({ adminUrl, environment: {}, onWarning: (line) => warnings.push(line) })).toEqual([]);
    const last = (await readMigrations()).at(-1)?.name;
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^The database is newer.* it has tenant/9001_color\\.sql, .* ends with platform/\\S+ and ${last}\\.`,
        ),
      ),
    ]);
  });

  it('tells of tables that the application will refuse', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const loosen = `alter table ${templateSchema}.members no force row level security`;
    await within(await templateUrl(adminUrl), (client) => client.query(loosen));
    const warnings: string[] = [];
    await migrate({ adminUrl, environment: {}, onWarning: (line) => warnings.push(line) });
    expect(warnings).toEqual([
      expect.stringMatching(/refuses them\. Next: .*\n- \w+\.members does not force row-level security\. Next: alter/),
    ]);
  });

  it('names the file and the line of an error, keeps what was done before, and goes on from there', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const tables = await templateUrl(adminUrl);
    await within(tables, (client) =>
      client.query(`delete from platform.migrations where name = 'tenant/0001_members.sql'`),
    );
    await expect(migrate({ adminUrl, environment: {} })).rejects.toThrow(
      /db\/migrations\/tenant\/0001_members\.sql.*already exists/,
    );
    await within(tables, (client) => client.query(`drop table ${templateSchema}.members cascade`));
    const applied = await migrate({ adminUrl, environment: {} });
    expect(applied.map(({ name }) => name)).toEqual(['tenant/0001_members.sql']);
  });

  it('says whose a function has to be that came to another with a dump', async (context) => {
    if (!(await isSuperuser())) return context.skip();
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    await within(adminUrl, async (client) => {
      await client.query('alter function platform.schema_version() owner to current_user');
      const later = [toMigration('platform/9001_later.sql', 'alter function platform.schema_version() cost 10')];
      const options = { ledger: new Map(), onStep: () => {} };
      const refused = await applyMissing(client, later, options).then(
        () => '',
        ({ message }: Error) => message,
      );
      const [, next = ''] =
        /^db\/migrations\/platform\/9001_later\.sql: .* \[42501\]\nNext: .*, (grant .*;)$/.exec(refused) ?? [];
      await client.query(next.replace('function ...', 'function platform.schema_version()'));
      expect(await applyMissing(client, later, options)).toMatchObject([{ name: 'platform/9001_later.sql' }]);
    });
    return undefined;
  });

  it('waits for another run', async () => {
    const adminUrl = await emptyDatabase();
    const runs = await Promise.all([1, 2, 3].map(() => migrate({ adminUrl, environment: {} })));
    expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1);
  });

  it('runs in several databases of one cluster at once', async () => {
    const urls = [await emptyDatabase(), await emptyDatabase(), await emptyDatabase()];
    const runs = await Promise.all(urls.map((adminUrl) => migrate({ adminUrl, environment: {} })));
    expect(runs.every((applied) => applied.length > 0)).toBe(true);
  });

  it('closes the database to temporary tables again when a copy has opened it', async () => {
    const adminUrl = await emptyDatabase();
    await migrate({ adminUrl, environment: {} });
    const mayMakeTemporary = async () =>
      (
        await within(adminUrl, (client) =>
          client.query<{ may: boolean }>(`select has_database_privilege($1, current_database(), 'temp') as may`, [
            roles.runtime,
          ]),
        )
      ).rows[0]?.may;
    expect(await mayMakeTemporary()).toBe(false);
    await within(adminUrl, (client) =>
      client.query(
        `do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$`,
      ),
    );
    expect(await mayMakeTemporary()).toBe(true);
    await migrate({ adminUrl, environment: {} });
    expect(await mayMakeTemporary()).toBe(false);
  });

  it('leaves out passwords of other logins', async () => {
    const lines: string[] = [];
    const environment = { DATABASE_URL: 'postgres://somebody:else@localhost/x' };
    await migrate({ adminUrl: await emptyDatabase(), environment, onStep: (line) => lines.push(line) });
    expect(lines).toContainEqual(expect.stringMatching(/DATABASE_URL logs in as somebody/));
  });
});

describe('platform.schema_version()', () => {
  it('tells the runtime role what was applied', async () => {
    const test = await createTestDatabase();
    const migrations = await readMigrations();
    const { rows } = await within(test.runtimeUrl, (client) =>
      client.query<{ version: string[] }>('select platform.schema_version() as version'),
    );
    expect(missingMigrations(migrations, rows[0]?.version ?? [])).toEqual([]);
    const [first, ...rest] = rows[0]?.version ?? [];
    expect(missingMigrations(migrations, rest)).toEqual([first?.split(':')[0]]);
    await test.drop();
  });
});

describe('a checkout with other line endings', () => {
  it('changes no migration', async () => {
    for (const migration of await readMigrations()) {
      expect(toMigration(migration.name, migration.sql.replaceAll('\n', '\r\n'))).toEqual(migration);
    }
  });
});
