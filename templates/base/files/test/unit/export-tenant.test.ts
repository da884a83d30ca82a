import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillEmptyFolder } from '../../src/platform/export-folder.ts';
import { exportTenant } from '../../src/platform/export-tenant.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
let folder: string;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = await world.connect(world.test.platformUrl);
  folder = await mkdtemp(join(tmpdir(), 'export-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await world.drop();
});

const plane = () => ({ client: platform, environment: administrator(world.test) });

describe('exportTenant()', () => {
  it('writes every row of one tenant, counted and hashed, and none of another', async () => {
    const once = join(folder, 'once');
    const manifest = await exportTenant(plane(), 'bob', once);
    expect(manifest).toMatchObject({ tenantId: world.bob.id, slug: 'bob', tables: { members: { rows: 6 } } });
    expect(JSON.parse(await readFile(join(once, 'manifest.json'), 'utf8'))).toEqual(manifest);
    for (const [table, { rows, sha256 }] of Object.entries(manifest.tables)) {
      const text = await readFile(join(once, `${table}.ndjson`), 'utf8');
      expect(createHash('sha256').update(text).digest('hex')).toBe(sha256);
      const lines = text.split('\n').slice(0, -1);
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ tenant_id: world.bob.id });
    }
  });

  it('is the same twice, but never over another', async () => {
    const again = join(folder, 'again');
    const [one, other] = [
      JSON.parse(await readFile(join(folder, 'once', 'manifest.json'), 'utf8')),
      await exportTenant(plane(), 'bob', again),
    ];
    expect(other.tables).toEqual((one as typeof other).tables);
    await expect(exportTenant(plane(), 'bob', again)).rejects.toThrow(/not empty/);
  });

  it('ends at once where no folder can be made', async (context) => {
    if (!existsSync('/proc/self')) return context.skip();
    await expect(exportTenant(plane(), 'bob', '/proc/export/bob')).rejects.toThrow(
      /takes no export: ENOENT: .*Next: --to/,
    );
    return undefined;
  });

  it.each([
    ['at a file', () => join(folder, 'once', 'manifest.json')],
    ['below a file', () => join(folder, 'once', 'manifest.json', 'export')],
  ])('says that it cannot write %s', async (_, to) => {
    await expect(exportTenant(plane(), 'bob', to())).rejects.toThrow(/takes no export: E[A-Z]+: .*\. Next: --to/);
  });

  it('says that it may not write to a folder', async (context) => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o500 });
    // Whoever may do everything may write there.
    if (process.getuid?.() === 0) return context.skip();
    await expect(exportTenant(plane(), 'bob', closed)).rejects.toThrow(/closed takes no export: EACCES: .*Next: --to/);
    await expect(exportTenant(plane(), 'bob', join(closed, 'in'))).rejects.toThrow(/takes no export: EACCES/);
    return undefined;
  });

  it('knows its tenants, and takes an administrator', async () => {
    await expect(exportTenant(plane(), 'nobody', join(folder, 'nobody'))).rejects.toThrow(/no tenant "nobody"/);
    const alone = { client: platform, environment: {} };
    await expect(exportTenant(alone, 'bob', join(folder, 'alone'))).rejects.toThrow(/DATABASE_ADMIN_URL/);
  });

  it('names a table of which it would lack rows, with the statements that mend it', async () => {
    const notes = tenantTable(world.bob.id, 'notes');
    const admin = await world.connect((await world.urlsOf(world.bob)).adminUrl);
    await admin.query(`create table ${notes} (tenant_id uuid not null, note text)`);
    await admin.query(`alter table ${notes} enable row level security, force row level security`);
    await admin.query(`insert into ${notes} values ($1, 'kept')`, [world.bob.id]);
    const refused = await exportTenant(plane(), 'bob', join(folder, 'less')).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refused).toContain(`${roles.migrator} does not see all rows of ${notes}. Next: in a migration`);
    expect(existsSync(join(folder, 'less'))).toBe(false);
    await admin.query(refused.split('\n').slice(1).join(' '));
    const { tables } = await exportTenant(plane(), 'bob', join(folder, 'whole'));
    expect(tables['notes']).toMatchObject({ rows: 1 });
  });
});

describe('an export that fails', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const fail = (to: string, error: Error, meanwhile = async () => {}) =>
    fillEmptyFolder(to, async (create) => {
      const file = await create('members.ndjson');
      await file.close();
      await meanwhile();
      throw error;
    });

  it('says what to do about a disk that is full, and leaves no folder', async () => {
    const to = join(folder, 'full');
    await expect(fail(to, full)).rejects.toThrow(
      /^The export stopped: ENOSPC: .*\. Next: --to a folder with more room/,
    );
    expect(existsSync(to)).toBe(false);
  });

  it('leaves a folder that was there, and what others put there', async () => {
    const to = join(folder, 'there');
    await mkdir(to);
    await expect(fail(to, new Error('lost'))).rejects.toThrow(/^lost$/);
    expect(await readdir(to)).toEqual([]);
    const shared = join(folder, 'shared');
    await expect(fail(shared, full, () => writeFile(join(shared, 'notes'), ''))).rejects.toThrow('ENOSPC');
    expect(await readdir(shared)).toEqual(['notes']);
  });
});
