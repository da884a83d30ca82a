import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/environment.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { type BundledScripts, bundleScripts } from '../setup/bundle-scripts.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const script = 'scripts/tenant.ts';

let bundled: BundledScripts;
let test: TestDatabase;
beforeAll(async () => {
  bundled = await bundleScripts(script);
  test = await createTestDatabase();
  expect((await run('create', 'daniel', '--name', 'Daniel & Sons')).code).toBe(0);
});
afterAll(async () => {
  await bundled.remove();
  await test.drop();
});

const run = (...given: string[]) => start([bundled.pathOf(script)], given);
const runAsNpmDoes = (...given: string[]) => start(['--import', 'tsx', join(root, script)], given);

/** With an output that ends at once, as when `head` has seen enough. */
const runUnread = (...given: string[]) => start([bundled.pathOf(script)], given, (child) => child.stdout.destroy());

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

  it('exits with 2 and the usage when it is called wrongly', async () => {
    const { code, stdout, stderr } = await run('delete', 'x', '--grace-days', 'soon');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^--grace-days is a whole number .*\n\nusage: npm run tenant/);
  });

  it('says which limits a tenant has: the largest that the database takes, too', async () => {
    const limits = ['--requests-per-minute', '2147483647', '--concurrent-requests', '0', '--body-bytes', 'default'];
    const { code, stdout, stderr } = await run('limit', 'daniel', ...limits);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/ {2}requests-per-minute 2147483647 {2}concurrent-requests 0 {2}body-bytes default\n$/);
  });

  it('says which limits a tenant has as JSON: those that were not named stay', async () => {
    await run('limit', 'daniel', '--requests-per-minute', '600', '--concurrent-requests', 'default');
    const { stdout } = await run('limit', 'daniel', '--body-bytes', '1000', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      slug: 'daniel',
      limits: { requestsPerMinute: 600, concurrentRequests: null, bodyBytes: 1000 },
    });
  });

  it('does its work when nobody reads what it says', async () => {
    expect(await runUnread('create', 'unread')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await run('list')).stdout).toMatch(/^unread /m);
  });

  it('lists tenants in a table, or as JSON', async () => {
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
    const folder = await mkdtemp(join(tmpdir(), 'export-'));
    const { stdout } = await run('export', 'daniel', '--to', folder);
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
