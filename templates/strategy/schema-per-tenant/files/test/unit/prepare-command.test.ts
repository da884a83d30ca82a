import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../../scripts/environment.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(async () => await test.drop());

it.each(['SIGINT', 'SIGTERM'] as const)('npm run tenant -- prepare --watch ends cleanly by %s', async (signal) => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'scripts/tenant.ts'), 'prepare', '--watch', '--ready', '2', '--json'],
    { env: { ...process.env, ...test.environment, DATABASE_ADMIN_URL: test.adminUrl } },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  await expect.poll(() => stderr, { timeout: 20_000 }).toContain('keeping 2 schemas ready');
  if (signal === 'SIGINT') await expect.poll(() => stderr, { timeout: 20_000 }).toContain('2 schemas made');
  child.kill(signal);
  expect(await code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ready: 2 });
  expect(stderr).not.toContain('does not answer');
});
