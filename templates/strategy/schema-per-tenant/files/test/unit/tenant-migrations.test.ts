import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toMigration } from '../../src/platform/migration-files.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { migratePlaces } from '../../src/tenancy/places/migrate.ts';
import { prepareMany } from '../../src/tenancy/places/ready.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { inWaves } from '../../src/tenancy/places/waves.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { withClient } from '../setup/database.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
  await withClient(world.test.platformUrl, async (client) => {
    await createTenant(client, { slug: 'carol', environment: administrator(world.test) });
    await prepareMany(administrator(world.test), 1);
  });
});
afterAll(() => world.drop());

/** Tenants with a schema, or schemas without a tenant, in the order in which they are migrated. */
const placesIn = async (state: string) =>
  (
    await admin.query<{ id: string }>(
      'select tenant_id as id from platform.places where state = $1 order by tenant_id',
      [state],
    )
  ).rows.map(({ id }) => id);

describe('migrations', () => {
  const lines: string[] = [];
  const run = async (extra: readonly [name: string, sql: string][], more: object = {}) => {
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
      onProgress: ({ done, all }) => lines.push(`${done} of ${all}`),
      ...more,
    });
  };
  const color = ['tenant/9001_color.sql', 'alter table members add column color text'] as const;
  const weight = ['tenant/9002_weight.sql', 'alter table members add column weight text'] as const;
  const withColor = async () =>
    (
      await admin.query<{ schema: string }>(
        `select nspname as schema from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace
        where nspname ~ '^t_' and relname = 'members' and attname = 'color'`,
      )
    ).rows.map(({ schema }) => schema);

  it('run on one schema, then on 5 %, then on all others', () => {
    expect(inWaves(Array.from({ length: 100 }, (_, n) => n)).map((wave) => wave.length)).toEqual([1, 5, 94]);
    expect(inWaves(['only'])).toEqual([['only']]);
    expect(inWaves([])).toEqual([]);
  });

  it('say what they would do, and for one tenant do no more', async () => {
    await run([[...color]], { dryRun: true });
    expect(lines).toContainEqual(expect.stringMatching(/would migrate t_[0-9a-f]{32} \(ada\)/));
    expect(await withColor()).toEqual([]);
    await run([[...color]], { tenant: 'ada' });
    expect(await withColor()).toEqual([schemaOf(world.ada.id)]);
    await expect(run([[...color]], { tenant: 'nobody' })).rejects.toThrow(/no tenant "nobody"/);
  });

  it('that fail in one schema stop there, and continue when that is mended', async () => {
    const broken = schemaOf((await placesIn('taken')).find((id) => id !== world.ada.id) ?? '');
    await admin.query(`alter table ${broken}.members add column color text`);
    await expect(run([[...color]])).rejects.toThrow(/9001_color\.sql.*already exists[\s\S]*no wave after this one/);
    const failed = await admin.query(
      `select status, error from platform.place_migrations where status = 'failed' and name = 'tenant/9001_color.sql'`,
    );
    expect(failed.rows).toMatchObject([{ error: expect.stringMatching(/already exists/) }]);
    // Others go on as they were.
    expect((await runAsTenant(world.bob, () => world.database.query({ text: 'select from members' }))).rowCount).toBe(
      6,
    );
    await admin.query(`alter table ${broken}.members drop column color`);
    await run([[...color]], { workers: 3 });
    expect(await withColor()).toHaveLength((await placesIn('taken')).length + (await placesIn('ready')).length);
    const rest = await admin.query(`select from platform.place_migrations where status = 'failed'`);
    expect(rest.rowCount).toBe(0);
  });

  it('that failed in a schema come to all others the next time, and to it last', async () => {
    const [first = ''] = await placesIn('taken');
    await admin.query(`alter table ${schemaOf(first)}.members add column weight text`);
    await expect(run([[...color], [...weight]], { workers: 1 })).rejects.toThrow(/Migrated: 0 of 4 schemas/);
    await expect(run([[...color], [...weight]], { workers: 1 })).rejects.toThrow(/Migrated: 3 of 4 schemas/);
    await admin.query(`alter table ${schemaOf(first)}.members drop column weight`);
    await run([[...color], [...weight]]);
    expect(lines).toEqual(['1 of 1']);
  });

  it('of an older checkout tell which schemas are newer, and leave them so', async () => {
    await run([[...color]]);
    const newer =
      'Newer than this checkout: 4 schemas (ada, bob, carol and 1 more), which have tenant/9002_weight.sql.';
    expect(lines).toContain(newer);
    await run([[...color]], { tenant: 'ada' });
    expect(lines).toContain('Newer than this checkout: 1 schema (ada), which has tenant/9002_weight.sql.');
    await run([[...color], [...weight]]);
    expect(lines).not.toContain(newer);
  });

  it('connect to no schema that has them', async () => {
    await run([[...color], [...weight]], { adminUrl: 'postgres://nobody@127.0.0.1:1/nowhere' });
    expect(lines).toEqual([]);
  });

  it('are applied once when two runs come at once', async () => {
    const size = ['tenant/9003_size.sql', 'alter table members add column size text'] as const;
    const other = new pg.Client(world.test.adminUrl);
    await other.connect();
    try {
      const runs = [admin, other].map((client) => run([[...color], [...weight], [...size]], { client }));
      expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      const { rows } = await admin.query(
        `select status, count(*)::int as count from platform.place_migrations where name = $1 group by status`,
        [size[0]],
      );
      expect(rows).toEqual([
        { status: 'applied', count: (await placesIn('taken')).length + (await placesIn('ready')).length },
      ]);
    } finally {
      await other.end();
    }
  });

  it('bind new tables to their tenant', async () => {
    const notes = `create table attack_notes (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)); alter table attack_notes enable row level security, force row level security`;
    await run([
      [...color],
      [...weight],
      ['tenant/9004_notes.sql', notes],
      ['tenant/9003_size.sql', 'alter table members add column size text'],
    ]);
    await expect(
      admin.query(`insert into ${schemaOf(world.ada.id)}.attack_notes values ($1, gen_random_uuid())`, [world.bob.id]),
    ).rejects.toThrow(/tenant_here/);
  });
});
