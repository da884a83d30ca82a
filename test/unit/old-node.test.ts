import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const project = resolve(import.meta.dirname, '../..');
let built: string;

beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'cta-build-'));
  for (const entry of [
    'bin',
    'generators',
    'templates',
    'presets',
    'node_modules',
    'build.ts',
    'package.json',
    'tsconfig.json',
  ]) {
    await symlink(join(project, entry), join(built, entry));
  }
  execFileSync(join(project, 'node_modules/.bin/tsx'), ['build.ts'], { cwd: built });
  return () => rmSync(built, { recursive: true, force: true });
});

describe('a Node that is too old', () => {
  it('gets one line, before anything is imported', async () => {
    const fake = join(built, 'fake.cjs');
    await mkdir(join(built, 'alone'));
    await writeFile(fake, "Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } });");
    const entry = join(built, 'alone/create-tenant-app.cjs'); // nothing beside it could be imported
    await writeFile(entry, await readFile(join(built, 'dist/create-tenant-app.cjs')));
    const run = spawnSync(process.execPath, ['--require', fake, entry, '--help'], { encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([1, '']);
    expect(run.stderr).toMatch(
      /^create-tenant-app needs Node 20\.19 or newer; this is v\S+ See https:\/\/nodejs\.org\n$/,
    );
  });

  it('can parse the command: it is ES5', async () => {
    const code = await readFile(join(built, 'dist/create-tenant-app.cjs'), 'utf8');
    expect(/=>|`|\bconst\b|\blet\b|\bimport\(|\basync\b/.exec(code.replaceAll(/\/\/.*/g, ''))?.[0]).toBeUndefined();
    await expect(transform(code, { target: 'es5' })).resolves.toBeDefined();
  });
});

describe('the built command', () => {
  it('starts, knows its version and its templates, and needs no packages', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'cta-elsewhere-'));
    try {
      execFileSync('cp', ['-r', join(built, 'dist'), join(elsewhere, 'dist')]);
      execFileSync('cp', [join(project, 'package.json'), elsewhere]);
      const cli = (...args: string[]) =>
        execFileSync(process.execPath, [join(elsewhere, 'dist/create-tenant-app.cjs'), ...args], {
          cwd: elsewhere,
          encoding: 'utf8',
          maxBuffer: 2 ** 24,
        });
      expect(cli('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
      const source = join(project, 'bin/create-tenant-app.ts');
      const largest = ['--framework', 'express', '--resolution', 'jwt,api-key,subdomain', '--package-manager', 'pnpm'];
      for (const choices of [[], largest]) {
        const args = ['my-saas', '--yes', '--dry-run', '--diff', '--json', ...choices];
        const fromSource = execFileSync(join(project, 'node_modules/.bin/tsx'), [source, ...args], {
          cwd: elsewhere,
          encoding: 'utf8',
          maxBuffer: 2 ** 24,
        });
        expect(JSON.parse(cli(...args))).toEqual(JSON.parse(fromSource));
      }
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('contains the licences of what it bundles', async () => {
    const text = await readFile(join(built, 'dist/THIRD-PARTY-LICENCES.txt'), 'utf8');
    for (const name of ['@clack/prompts', 'commander', 'execa', 'handlebars', 'node-plop', 'zod'])
      expect(text).toContain(`${name} `);
    expect(text).not.toContain('inquirer ');
  });
});
