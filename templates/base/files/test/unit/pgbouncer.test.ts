import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { findPgbouncer } from '../isolation/pooling/pgbouncer.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'))));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

function install(says: string): string {
  const program = join(folder, `pgbouncer-${says.replace(/\W/g, '-')}`);
  writeFileSync(program, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PGBOUNCER', program);
  return program;
}

it.each(['1.21.0', '1.24.1', '2.0.0'])('takes PgBouncer %s', (version) => {
  const program = install(`PgBouncer ${version}`);
  expect(findPgbouncer()).toEqual({ program, version });
});

it.each(['1.18.0', '1.9.0', '0.9'])('says that PgBouncer %s is too old', (version) => {
  install(`PgBouncer ${version}`);
  expect(findPgbouncer()).toEqual({ why: expect.stringContaining(`PgBouncer ${version} is too old`) });
});

it('says that there is none', () => {
  vi.stubEnv('PGBOUNCER', join(folder, 'nowhere'));
  expect(findPgbouncer()).toEqual({ why: expect.stringContaining('no PgBouncer was found') });
});
