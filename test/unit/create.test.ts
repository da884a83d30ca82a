import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../generators/places.ts';
import { cleanReport, cli, filesBelow, programs, scratch } from './terminal.ts';

const git = (cwd: string, ...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();

describe('create', () => {
  it('writes the repository, installs, commits and proves, and exits with 0', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my-saas', '--yes'], { env: await programs() });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const steps = ['Wrote', 'Installed packages with npm', 'Committed to git', 'Attacked the repository'];
    const places = steps.map((step) => run.stdout.indexOf(step));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(run.stdout).toMatch(/Installed packages with npm \d+\.\ds/);
    expect(run.stdout).toContain('Isolation holds');
    expect(existsSync(join(cwd, 'my-saas/src/app.ts'))).toBe(true);
  });

  it('leaves a repository with one commit and nothing uncommitted', async () => {
    const cwd = await scratch();
    await cli(cwd, ['my-saas', '--yes'], { env: await programs() });
    const dir = join(cwd, 'my-saas');
    expect(git(dir, 'rev-list', '--count', 'HEAD')).toBe('1');
    expect(git(dir, 'status', '--porcelain')).toBe('');
  });

  it('commits without a configured identity, for that commit only', async () => {
    const cwd = await scratch();
    const env = {
      ...(await programs()),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'user.useConfigOnly',
      GIT_CONFIG_VALUE_0: 'true',
    };
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('the author is "create-tenant-app"');
    const dir = join(cwd, 'my-saas');
    expect(git(dir, 'log', '--format=%an <%ae>')).toBe('create-tenant-app <create-tenant-app@localhost>');
    expect(await readFile(join(dir, '.git/config'), 'utf8')).not.toContain('user');
  });

  it('does not nest a repository in another silently, and does when the flag asks for it', async () => {
    const cwd = await scratch();
    git(cwd, 'init', '--quiet');
    const env = await programs();
    const left = await cli(cwd, ['one', '--yes'], { env });
    expect(left.code).toBe(0);
    expect(left.stdout).toContain(`inside the git repository ${cwd}`);
    expect(existsSync(join(cwd, 'one/.git'))).toBe(false);
    const nested = await cli(cwd, ['two', '--yes', '--git'], { env });
    expect(nested.stdout).toContain(`a repository inside the repository ${cwd}`);
    expect(existsSync(join(cwd, 'two/.git'))).toBe(true);
  });

  it('goes into an empty folder that is a git repository already, and commits there', async () => {
    const cwd = join(await scratch(), 'my-saas');
    await mkdir(cwd);
    git(cwd, 'init', '--quiet');
    const run = await cli(cwd, ['.', '--yes'], { env: await programs() });
    expect(run.code).toBe(0);
    expect(git(cwd, 'rev-list', '--count', 'HEAD')).toBe('1');
    expect(JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'))).toMatchObject({ name: 'my-saas' });
  });

  it('gives the folder and its files the rights that the umask allows', async () => {
    const cwd = await scratch();
    await cli(cwd, ['my-saas', '--yes', '--no-install', '--no-git']);
    const allowed = ~process.umask();
    expect((await stat(join(cwd, 'my-saas'))).mode & 0o777).toBe(0o777 & allowed);
    expect((await stat(join(cwd, 'my-saas/package.json'))).mode & 0o777).toBe(0o666 & allowed);
  });

  it('makes the folders above', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['a/b/my-saas', '--yes', '--no-install', '--no-git']);
    expect(run.code).toBe(0);
    expect(existsSync(join(cwd, 'a/b/my-saas/package.json'))).toBe(true);
  });

  it('exits with 3 when the proof could not run', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my-saas', '--yes'], {
      env: await programs({ isolation: 'echo no server to be had; exit 1' }),
    });
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('no server to be had');
    expect(run.stdout).toMatch(/verify my-saas/);
  });

  it('exits with 3 when the report of the proof cannot be read', async () => {
    const run = await cli(await scratch(), ['my-saas', '--yes'], {
      env: await programs({ isolation: 'echo {} > "$report"' }),
    });
    expect([run.code, run.stdout]).toEqual([3, expect.stringContaining('its report cannot be read')]);
  });

  it('exits with 4 when isolation is broken, and shows what leaked and how to mend it', async () => {
    const cwd = await scratch();
    const finding = {
      threat: 'T1',
      object: 'app.projects',
      attack: 'select without context',
      leaked: '3 rows',
      reproduce: 'select * from app.projects',
      fix: 'alter table app.projects force row level security',
    };
    const groups = [{ name: 'matrix', checks: 12, findings: [finding] }];
    const broken = join(await scratch(), 'broken.json');
    await writeFile(broken, JSON.stringify({ ...cleanReport, result: 'fail', groups }));
    const run = await cli(cwd, ['my-saas', '--yes'], {
      env: await programs({ isolation: `cat ${broken} > "$report"; exit 4` }),
    });
    expect(run.code).toBe(4);
    for (const value of Object.values(finding)) expect(run.stdout).toContain(value);
    expect(run.stdout).toContain('Isolation is broken');
    const whole = /Whole report: (\S+)/.exec(run.stdout)?.[1] as string;
    expect(JSON.parse(await readFile(whole, 'utf8')).groups).toEqual(groups);
  });

  it('shows the end of the log of a failed step, and where the whole log is', async () => {
    const cwd = await scratch();
    const env = await programs({ install: 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; done; exit 1' });
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('line 40');
    expect(run.stdout).not.toContain('line 1\n');
    const log = /Whole log: (\S+)/.exec(run.stdout)?.[1] as string;
    expect(await readFile(log, 'utf8')).toContain('line 1\n');
  });

  it('with --json prints one object on standard output and nothing else', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my-saas', '--yes', '--json'], { env: await programs() });
    const printed = JSON.parse(run.stdout);
    expect(Object.keys(printed)).toEqual(['dir', 'answers', 'command', 'result']);
    expect(printed).toMatchObject({ dir: join(cwd, 'my-saas'), answers: { name: 'my-saas' }, result: { exitCode: 0 } });
    expect(printed.result.steps.map((step: { step: string }) => step.step)).toEqual(['install', 'git', 'verify']);
    expect(printed.result.steps[2].report).toMatchObject({ mutations: { caught: 3, total: 3 } });
    expect(run.stderr).toContain('Wrote');
  });

  it('with --json prints no object when it ends before its result', async () => {
    const cwd = await scratch();
    const wrong = await cli(cwd, ['my-saas', '--yes', '--json', '--framework', 'koa']);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    const stopped = await cli(cwd, ['my-saas', '--yes', '--json'], {
      env: await programs(),
      signal: AbortSignal.abort(),
    });
    expect([stopped.code, stopped.stdout, await readdir(cwd)]).toEqual([130, '', []]);
  });

  it('writes a manifest that names the version, the answers, the modules and the hash of every file', async () => {
    const cwd = await scratch();
    await cli(cwd, ['my-saas', '--yes', '--no-install', '--no-git']);
    const files = await filesBelow(join(cwd, 'my-saas'));
    const manifest = JSON.parse(files.get('tenant-app.json') as string);
    expect(manifest).toMatchObject({
      generator: { name: 'create-tenant-app', version },
      modules: ['projects', 'tasks'],
    });
    files.delete('tenant-app.json');
    expect(Object.keys(manifest.files).sort()).toEqual([...files.keys()].sort());
    for (const [path, content] of files) {
      expect(manifest.files[path], path).toBe(createHash('sha256').update(content).digest('hex'));
    }
  });

  it('lists the files of a dry run, and writes nothing', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my-saas', '--yes', '--dry-run']);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('+ package.json');
    expect(run.stdout).toContain('Nothing was written');
    expect(existsSync(join(cwd, 'my-saas'))).toBe(false);
  });

  it('prints a diff that git applies to the same files', async () => {
    const cwd = await scratch();
    const diff = await cli(cwd, ['my-saas', '--yes', '--dry-run', '--diff']);
    await cli(cwd, ['my-saas', '--yes', '--no-install', '--no-git']);
    const other = join(cwd, 'other');
    await mkdir(other);
    execFileSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: other, input: diff.stdout });
    expect(await filesBelow(other)).toEqual(await filesBelow(join(cwd, 'my-saas')));
  });
});

describe('the command that a run prints', () => {
  it('names the exact version and gives the same bytes again', async () => {
    const cwd = await scratch();
    const flags = ['--modules', 'projects', '--resolution', 'api-key', '--no-install', '--no-git'];
    const run = await cli(cwd, ['one', '--name', 'acme', '--yes', '--json', ...flags]);
    const [npx, command, dir, ...words] = (JSON.parse(run.stdout).command as string).split(' ');
    expect([npx, command, dir]).toEqual(['npx', `create-tenant-app@${version}`, 'one']);
    const again = await cli(cwd, ['two', ...words]);
    expect(again.code).toBe(0);
    expect(await filesBelow(join(cwd, 'two'))).toEqual(await filesBelow(join(cwd, 'one')));
  });

  it('is the script where a clone was called, for no registry need know of it', async () => {
    const npm = { npm_lifecycle_event: 'create', npm_package_name: 'create-tenant-app' };
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...npm };
    const run = await cli(await scratch(), ['one', '--yes', '--dry-run', '--json'], { env });
    expect(JSON.parse(run.stdout).command).toMatch(/^npm run create -- one --framework /);
  });

  it('is quoted for a shell', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my folder', '--name', 'acme', '--yes', '--dry-run', '--json']);
    expect(JSON.parse(run.stdout).command).toContain(" 'my folder' ");
  });
});
