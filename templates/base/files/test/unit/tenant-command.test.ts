import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDirectory, root } from '../../scripts/environment.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const script = join(root, 'scripts/tenant.ts');
/** The same in one file, which starts in a third of the time. */
const bundle = join(dataDirectory, `tenant-${process.pid}.js`);

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  await build({
    entryPoints: [script],
    outfile: bundle,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
});
afterAll(async () => {
  await rm(bundle, { force: true });
  await test.drop();
});

const run = (...given: string[]) => start([bundle], given);
const runAsNpmDoes = (...given: string[]) => start(['--import', 'tsx', script], given);

/** As npm does, with an output that ends at once, as when `head` has seen enough. */
const runUnread = (...given: string[]) => start(['--import', 'tsx', script], given, (child) => child.stdout.destroy());

function start(
  program: readonly string[],
  given: readonly string[],
  begin: (child: ChildProcessWithoutNullStreams) => unknown = () => {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program, ...given], {
      env: { ...process.env, ...test.environment, DATABASE_ADMIN_URL: test.adminUrl },
    });
    let [stdout, stderr] = ['', ''];
    begin(child);
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('npm run tenant', () => {
  it('prints one line of JSON', async () => {
    const { code, stdout } = await runAsNpmDoes('create', 'carol', '--json');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const created = JSON.parse(stdout) as object;
    expect(Object.keys(created)).toEqual(['tenantId', 'slug', 'token', 'apiKey', 'host']);
  });

  it.each([
    [],
    ['frob'],
    ['create'],
    ['create', 'a', 'b'],
    ['list', 'x'],
    ['delete', 'x', '--grace-days', 'soon'],
    ['list', '--frob'],
    ['list', '--name', 'x'],
    ['suspend', 'x', '--to', 'y'],
    ['limit', 'x'],
    ['limit', 'x', '--requests-per-minute'],
    ['export', 'x'],
    ['export', 'x', '--to', ''],
    ['create', 'Two Words'],
    ['create', 'x', '--name', ''],
  ])('exits with 2 and the usage for %j', async (...given) => {
    const { code, stdout, stderr } = await run(...given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('usage: npm run tenant');
  });

  it.each([
    ['limit', 'x', '--requests-per-minute', '99999999999'],
    ['limit', 'x', '--body-bytes', '2147483648'],
    ['delete', 'x', '--grace-days', ''],
  ])('says which numbers an option takes for %j', async (...given) => {
    const option = given.find((each) => each.startsWith('--'));
    const { code, stdout, stderr } = await run(...given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^${option} is a whole number from 0 to \\d+[.,]`));
  });

  it('takes the largest limit that the database does', async () => {
    expect((await run('create', 'edward')).code).toBe(0);
    const limits = ['--requests-per-minute', '2147483647', '--concurrent-requests', '0', '--body-bytes', 'default'];
    const { code, stdout, stderr } = await run('limit', 'edward', ...limits);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/ {2}requests-per-minute 2147483647 {2}concurrent-requests 0 {2}body-bytes default\n$/);
  });

  it('says which limits a tenant has, as JSON too', async () => {
    expect((await run('create', 'felix')).code).toBe(0);
    await run('limit', 'felix', '--requests-per-minute', '600');
    const { stdout } = await run('limit', 'felix', '--body-bytes', '1000', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      slug: 'felix',
      limits: { requestsPerMinute: 600, concurrentRequests: null, bodyBytes: 1000 },
    });
  });

  it.each([['--help'], ['create', '-h']])('says how it is called, for %j', async (...given) => {
    const { code, stdout, stderr } = await run(...given);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^usage: npm run tenant/);
  });

  it('does its work when nobody reads what it says', async () => {
    expect(await runUnread('create', 'unread')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await run('list')).stdout).toMatch(/^unread /m);
  });

  it('lists tenants in a table, or as JSON', async () => {
    expect((await run('create', 'daniel', '--name', 'Daniel & Sons')).code).toBe(0);
    const [head = '', ...lines] = (await run('list')).stdout.trimEnd().split('\n');
    const line = lines.find((each) => each.startsWith('daniel ')) ?? '';
    const tenants = JSON.parse((await run('list', '--json')).stdout) as Record<string, string | null>[];
    const { status, strategy, place, tenantId } = tenants.find(({ slug }) => slug === 'daniel') ?? {};
    const cells = Object.entries({ status, strategy, place, id: tenantId, name: 'Daniel & Sons' });
    for (const [column, cell] of cells)
      if (cell != null) expect(line.slice(head.indexOf(column), head.indexOf(column) + cell.length)).toBe(cell);
    expect([status, strategy]).toEqual(['active', placement.strategy]);
    expect(head).not.toContain('erased');
  });

  it('says one of what there is one of', async () => {
    expect((await run('create', 'solitaire')).code).toBe(0);
    const folder = await mkdtemp(join(tmpdir(), 'export-'));
    const { stdout } = await run('export', 'solitaire', '--to', folder);
    expect(stdout).toMatch(/^members +1 row {2}[0-9a-f]{64}$/m);
    await rm(folder, { recursive: true });
  });

  it('exits with 1 and one sentence for a tenant that is not there', async () => {
    expect(await run('suspend', 'nobody', '--json')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no tenant "nobody". Next: npm run tenant -- list\n',
    });
  });
});
