import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const script = fileURLToPath(new URL('../../scripts/tenant.ts', import.meta.url));

function run(...given: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...given], {
      env: { ...process.env, ...test.environment, DATABASE_ADMIN_URL: test.adminUrl },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('npm run tenant', () => {
  it('prints one line of JSON', async () => {
    const { code, stdout } = await run('create', 'carol', '--json');
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
  ])('exits with 2 and the usage for %j', async (...given) => {
    const { code, stdout, stderr } = await run(...given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('usage: npm run tenant');
  });

  it('exits with 1 and one sentence for a tenant that is not there', async () => {
    expect(await run('suspend', 'nobody', '--json')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no tenant "nobody". Next: npm run tenant -- list\n',
    });
  });
});
