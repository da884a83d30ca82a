import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMigration } from '../../src/platform/migration-files.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { runAsTenant, type TenantContext, tenantId } from '../../src/tenancy/context.ts';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { withClient } from '../setup/database.ts';
import { administrator, createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
let carol: TenantContext;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
  await withClient(world.test.platformUrl, async (client) => {
    const { tenantId: id } = await createTenant(client, { slug: 'carol', environment: administrator(world.test) });
    carol = { id: tenantId(id), slug: 'carol' };
    await prepareMany(administrator(world.test), 1);
  });
});
afterAll(() => world.drop());

const lines: string[] = [];
const run = async (extra: readonly (readonly [name: string, sql: string])[], more: object = {}) => {
  const migrations = [...(await readTenantMigrations()), ...extra.map(([name, sql]) => toMigration(name, sql))];
  lines.length = 0;
  return await migratePlaces({
    adminUrl: world.test.adminUrl,
    client: admin,
    environment: {},
    migrations,
    apply: async () => [],
    onStep: (line) => lines.push(line),
    onWarning: (line) => lines.push(line),
    onProgress: () => {},
    ...more,
  });
};
const color = ['tenant/9001_color.sql', 'alter table members add column color text'] as const;
const weight = ['tenant/9002_weight.sql', 'alter table members add column weight text'] as const;
const hasColor = async (tenant: TenantContext) =>
  await withClient((await world.urlsOf(tenant)).adminUrl, async (there) => {
    const { rowCount } = await there.query(
      `select from pg_attribute where attrelid = 'app.members'::regclass and attname = 'color'`,
    );
    return rowCount === 1;
  });
const atBob = async (text: string) =>
  await withClient((await world.urlsOf(world.bob)).adminUrl, (there) => there.query(text));

describe('migrations', () => {
  it('say what they would do, and for one tenant do no more', async () => {
    await run([color], { dryRun: true });
    expect(lines).toContainEqual(expect.stringMatching(/would apply tenant\/9001_color/));
    expect(lines).toContainEqual(expect.stringMatching(/would migrate t_[0-9a-f]{32} \(ada\)/));
    expect(await hasColor(world.ada)).toBe(false);
    await run([color], { tenant: 'ada' });
    expect([await hasColor(world.ada), await hasColor(world.bob)]).toEqual([true, false]);
    await expect(run([color], { tenant: 'nobody' })).rejects.toThrow(/no tenant "nobody"/);
  });

  it('that fail in one database stop there, and continue when that is mended', async () => {
    await atBob('alter table app.members add column color text');
    await expect(run([color])).rejects.toThrow(/9001_color\.sql.*already exists[\s\S]*no wave after this one/);
    const failed = await admin.query(
      `select tenant_id, error from platform.place_migrations where status = 'failed' and name = 'tenant/9001_color.sql'`,
    );
    expect(failed.rows).toMatchObject([{ tenant_id: world.bob.id, error: expect.stringMatching(/already exists/) }]);
    // Its tenant goes on as it was.
    expect((await runAsTenant(world.bob, () => world.database.query(subjects(world.bob)))).rowCount).toBe(6);
    await atBob('alter table app.members drop column color');
    await run([color], { workers: 3 });
    expect([await hasColor(world.bob), await hasColor(carol)]).toEqual([true, true]);
    expect((await admin.query(`select from platform.place_migrations where status = 'failed'`)).rowCount).toBe(0);
    const versions = await admin.query('select distinct version from platform.places where state <> $1', ['leaving']);
    expect(versions.rowCount).toBe(1);
  });

  it('that failed in a database come to all others the next time, and to it last', async () => {
    const { rows } = await admin.query<{ database: string }>(
      `select database from platform.places where state = 'taken' order by tenant_id limit 1`,
    );
    const atFirst = async (text: string) =>
      await withClient(
        Object.assign(new URL(world.test.adminUrl), { pathname: `/${rows[0]?.database}` }).href,
        (there) => there.query(text),
      );
    await atFirst('alter table app.members add column weight text');
    await expect(run([color, weight], { workers: 1 })).rejects.toThrow(/Migrated: 0 of 4 databases/);
    await expect(run([color, weight], { workers: 1 })).rejects.toThrow(/Migrated: 3 of 4 databases/);
    await atFirst('alter table app.members drop column weight');
    await run([color, weight]);
  });

  it('of an older checkout tell which databases are newer, and leave them so', async () => {
    await run([color]);
    const newer =
      'Newer than this checkout: 4 databases (ada, bob, carol and 1 more), which have tenant/9002_weight.sql.';
    expect(lines).toContain(newer);
    await run([color], { tenant: 'ada' });
    expect(lines).toContain('Newer than this checkout: 1 database (ada), which has tenant/9002_weight.sql.');
    await run([color, weight]);
    expect(lines).not.toContain(newer);
  });

  it('reach a tenant that is named, also when its database was restored as it was before', async () => {
    await run([color, weight]);
    await atBob(
      `alter table app.members drop column color; delete from platform.migrations where name = 'tenant/9001_color.sql'`,
    );
    await run([color, weight]);
    expect(await hasColor(world.bob)).toBe(false);
    await run([color, weight], { tenant: 'bob' });
    expect(await hasColor(world.bob)).toBe(true);
  });

  it('connect to no database that has them', async () => {
    const names = (await admin.query<{ database: string }>('select database from platform.places')).rows;
    for (const { database } of names) await admin.query(`alter database ${database} connection limit 0`);
    await admin.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname like 't\\_%' and pid <> pg_backend_pid() and datname = any($1)`,
      [names.map(({ database }) => database)],
    );
    await run([color, weight]);
    expect(lines).toEqual([]);
    // Autovacuum goes where it likes.
    const connected = await admin.query(
      `select from pg_stat_activity where backend_type = 'client backend' and datname = any($1)`,
      [names.map(({ database }) => database)],
    );
    expect(connected.rowCount).toBe(0);
    for (const { database } of names) await admin.query(`alter database ${database} connection limit -1`);
  });

  it('bring new keys of the context and of passwords to every database, and leave old ones out', async () => {
    const key = () => `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('hex')}`;
    const before = world.test.environment['TENANT_DATABASE_KEYS'] ?? '';
    const environment = { ...world.test.environment, TENANT_DATABASE_KEYS: `${key()},${before}` };
    const said: string[] = [];
    await migrate({ adminUrl: world.test.adminUrl, environment, onStep: (line) => said.push(line) });
    expect(said).toContainEqual(expect.stringMatching(/^passwords of \d+ databases sealed with/));
    const sealed = await admin.query<{ by: string }>(
      `select distinct split_part(sealed_password, '.', 1) as by from platform.places`,
    );
    expect(sealed.rows).toEqual([{ by: environment.TENANT_DATABASE_KEYS.split(':')[0] }]);
    // And back: whoever has the first key reads what the second sealed, as long as both are there.
    const back = environment.TENANT_DATABASE_KEYS.split(',').reverse().join(',');
    await migrate({ adminUrl: world.test.adminUrl, environment: { ...environment, TENANT_DATABASE_KEYS: back } });
    expect((await runAsTenant(world.ada, () => world.database.query(subjects(world.ada)))).rowCount).toBe(1);
  });

  it('bind new tables to their tenant', async () => {
    const notes = `create table attack_notes (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)); alter table attack_notes enable row level security, force row level security`;
    await run([color, weight, ['tenant/9003_notes.sql', notes]]);
    await expect(atBob(`insert into app.attack_notes values ('${carol.id}', gen_random_uuid())`)).rejects.toThrow(
      /tenant_here/,
    );
  });
});

describe('drift', () => {
  it('is what one database has and the template has not, and the other way round', async () => {
    const { rows } = await admin.query<{ database: string }>(
      'select database from platform.places where tenant_id = $1',
      [world.bob.id],
    );
    const name = rows[0]?.database ?? '';
    const before = await findDrift(admin);
    await atBob('alter table app.members drop constraint tenant_here; create index odd on app.members (role)');
    await admin.query(`grant connect on database ${name} to public`);
    const after = (await findDrift(admin)).find(({ database }) => database === name);
    expect(after?.slug).toBe('bob');
    expect(after?.missing).toContain('constraint members.tenant_here');
    expect(after?.unexpected).toContainEqual(expect.stringContaining('index CREATE INDEX odd'));
    expect(after?.unexpected).toContain(`grant connect on ${name} to public`);
    await admin.query(`revoke connect on database ${name} from public`);
    await atBob(
      `drop index app.odd; alter table app.members add constraint tenant_here check (tenant_id = '${world.bob.id}')`,
    );
    expect(await findDrift(admin)).toEqual(before);
  });

  it('is a database that is missing, and one that no tenant has', async () => {
    const { rows } = await admin.query<{ database: string }>(
      'select database from platform.places where tenant_id = $1',
      [carol.id],
    );
    const name = rows[0]?.database ?? '';
    const other = `t_${randomBytes(16).toString('hex')}`;
    await admin.query(`alter database ${name} rename to ${other}`);
    try {
      const drift = await findDrift(admin);
      expect(drift.find(({ database }) => database === name)).toMatchObject({
        slug: 'carol',
        missing: ['the database itself'],
      });
      expect(drift.find(({ database }) => database === other)).toMatchObject({
        slug: null,
        unexpected: [expect.stringMatching(/no tenant has it/)],
      });
    } finally {
      await admin.query(`alter database ${other} rename to ${name}`);
    }
  });
});
