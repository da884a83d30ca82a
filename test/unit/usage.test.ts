import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetNames, readPreset } from '../../generators/answers/presets.ts';
import { callerFolder } from '../../generators/commands/terminal.ts';
import { version } from '../../generators/places.ts';
import { exampleAnswers } from './example-answers.ts';
import { cli, programs, scratch } from './terminal.ts';

const presets = await presetNames();

const bare = ['--no-install', '--no-git'];

describe('without a terminal', () => {
  it('never asks: it names every flag that is missing', async () => {
    const run = await cli(await scratch(), []);
    expect(run.code).toBe(2);
    for (const flag of ['[dir]', '--framework', '--resolution', '--strategy', '--billing'])
      expect(run.stderr).toContain(flag);
    expect(run.stderr).toContain('--yes');
  });

  it('says so when npm took the flags for its own', async () => {
    const run = await cli(await scratch(), ['x'], { env: { npm_config_yes: 'true' } });
    expect(run.stderr).toContain('npm run create -- ../my-saas --yes');
  });

  it('names only what is still missing', async () => {
    const run = await cli(await scratch(), ['x', '--framework', 'fastify', '--strategy', 'shared-schema']);
    expect(run.stderr).toContain('missing: --resolution <list>, --billing <provider>.');
  });

  it('runs when the flags say everything, and when a preset does', async () => {
    const flags = ['--framework', 'fastify', '--strategy', 'shared-schema', '--resolution', 'jwt', '--billing', 'none'];
    expect((await cli(await scratch(), ['x', ...flags, ...bare])).code).toBe(0);
    expect((await cli(await scratch(), ['x', '--preset', 'default', ...bare])).code).toBe(0);
  });
});

describe('--yes', () => {
  it('alone means the default preset, in the folder my-saas', async () => {
    const run = await cli(await scratch(), ['--yes', '--dry-run', '--json']);
    expect(JSON.parse(run.stdout).answers).toEqual(exampleAnswers);
  });

  it('combines with every flag', async () => {
    const run = await cli(await scratch(), ['x', '--yes', '--dry-run', '--json', '--resolution', 'jwt']);
    expect(JSON.parse(run.stdout).answers).toEqual({ ...exampleAnswers, name: 'x', resolution: ['jwt'] });
  });

  it('called by pnpm takes pnpm', async () => {
    const env = { ...(await programs()), npm_config_user_agent: 'pnpm/10.2.0 npm/? node/v20.19.0 linux x64' };
    const run = await cli(await scratch(), ['x', '--yes', '--dry-run', '--json'], { env });
    const { answers, command } = JSON.parse(run.stdout);
    expect(answers.packageManager).toBe('pnpm');
    expect(command).toMatch(/^pnpm dlx create-tenant-app@\S+ x .*--package-manager pnpm/);
  });
});

describe('--config', () => {
  const config = async (value: unknown, ...more: string[]) =>
    cli(await scratch(), ['x', '--config', '-', '--yes', '--dry-run', '--json', ...more], {
      stdin: typeof value === 'string' ? value : JSON.stringify(value),
    });

  it('takes a file, and standard input', async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, 'answers.json'), JSON.stringify({ resolution: ['api-key'] }));
    const file = await cli(cwd, ['x', '--config', 'answers.json', '--yes', '--dry-run', '--json']);
    const stdin = await config({ resolution: ['api-key'] });
    expect(JSON.parse(file.stdout).answers.resolution).toEqual(['api-key']);
    expect(JSON.parse(stdin.stdout).answers).toEqual(JSON.parse(file.stdout).answers);
  });

  it('needs no --yes when it states everything', async () => {
    const run = await cli(await scratch(), ['--config', '-', ...bare], { stdin: JSON.stringify(exampleAnswers) });
    expect(run.code).toBe(0);
  });

  it('takes a whole tenant-app.json, and gives the same bytes', async () => {
    const cwd = await scratch();
    await cli(cwd, ['acme', '--yes', '--resolution', 'jwt', ...bare]);
    const changes = async (...args: string[]) =>
      JSON.parse((await cli(cwd, [...args, '--dry-run', '--json'])).stdout).changes;
    expect(await changes('other', '--config', 'acme/tenant-app.json')).toEqual(
      await changes('other', '--name', 'acme', '--resolution', 'jwt', '--yes'),
    );
  });

  it('counts less than a flag, and more than a preset', async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, 'preset.json'), JSON.stringify({ resolution: ['jwt'], modules: ['projects'] }));
    const args = [
      'x',
      '--preset',
      './preset.json',
      '--config',
      '-',
      '--resolution',
      'api-key',
      '--yes',
      '--dry-run',
      '--json',
    ];
    const run = await cli(cwd, args, {
      stdin: JSON.stringify({ resolution: ['jwt', 'api-key'], modules: ['projects', 'tasks'] }),
    });
    expect(JSON.parse(run.stdout).answers).toMatchObject({ resolution: ['api-key'], modules: ['projects', 'tasks'] });
  });

  it.each([
    ['an unknown key', { frameworkk: 'fastify' }, '"frameworkk"'],
    ['a step, which is no answer', { install: true }, '"install"'],
    ['a wrong type', { resolution: 'jwt' }, 'key "resolution": must be a list of strings, is "jwt"'],
    ['a wrong type in a list', { resolution: [1] }, 'key "resolution.0"'],
    ['a value that does not exist', { framework: 'koa' }, 'key "framework": "koa"'],
    ['a value that is not available yet', { billing: 'stripe' }, '"stripe" is not available yet'],
    ['a list instead of an object', [], 'one object'],
    ['bad JSON', '{', 'not valid JSON'],
    ['a combination that does not work', { modules: ['tasks'] }, 'work with projects'],
    ['no resolution', { resolution: [] }, 'nobody could make a request'],
  ])('with %s exits with 2 and names it', async (_what, value, named) => {
    const run = await config(value);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(named);
  });

  it('with a file that is not there exits with 2', async () => {
    const run = await cli(await scratch(), ['x', '--config', 'none.json', '--yes']);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('--config none.json: there is no such file')]);
  });
});

describe('--preset', () => {
  it('that does not exist is refused with those that do', async () => {
    const run = await cli(await scratch(), ['x', '--preset', 'none', '--yes']);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('default')]);
  });

  it.each(presets)('%s is valid', async (name) => {
    expect(Object.keys(await readPreset(name, '/'))).not.toEqual([]);
  });
});

describe('flags that do not go together', () => {
  it.each([
    [['--no-install', '--verify'], 'the proof runs in the repository'],
    [['--diff'], 'Add --dry-run'],
    [['--modules', 'tasks'], 'work with projects'],
  ])('%j', async (flags, why) => {
    const run = await cli(await scratch(), ['x', '--yes', ...flags]);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe('a command that is wrong', () => {
  it.each([
    [['x', '--framewrok', 'fastify'], 'Did you mean --framework?'],
    [['x', 'y', '--yes'], 'Too many arguments. Expected 1 argument but got 2.\n'],
    [['', '--yes'], 'The folder has no name'],
    [['x', '--framework'], 'argument missing'],
    [['add', 'module', 'notes', 'title:string'], 'not available yet'],
    [['verify', '.'], 'has no tenant-app.json'],
  ])('%j exits with 2', async (args, why) => {
    const cwd = await scratch();
    const run = await cli(cwd, args);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(why)]);
    expect(run.stderr).not.toMatch(/ at .*:\d+:\d+/);
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('--help and --version', () => {
  it('print and exit with 0', async () => {
    const help = await cli(await scratch(), ['--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('verify');
    expect((await cli(await scratch(), ['--version'])).stdout).toBe(`${version}\n`);
  });
});

describe('verify', () => {
  it('says when the manifest cannot be read', async () => {
    const cwd = await scratch();
    await mkdir(join(cwd, 'repo'));
    await writeFile(join(cwd, 'repo/tenant-app.json'), '{}');
    const run = await cli(cwd, ['verify', 'repo']);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('cannot be read as a manifest')]);
  });
});

describe('an error that nobody expected', () => {
  it('names a file with the details instead of printing them', async () => {
    let asked = 0;
    const env = {
      get npm_config_user_agent(): string {
        asked += 1;
        if (asked === 1) throw new Error('no such thing');
        return 'npm';
      },
    };
    const broken = await cli(await scratch(), ['x', '--yes'], { env });
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/Details: \S+crash\.log/);
  });
});

describe('the folder that paths start from', () => {
  it('is where npm was called, in the script create of this project and nowhere else', () => {
    const npm = { npm_lifecycle_event: 'create', npm_package_name: 'create-tenant-app', INIT_CWD: '/home/me' };
    expect(callerFolder(npm, '/clone')).toBe('/home/me');
    expect(callerFolder({ ...npm, npm_package_name: 'another' }, '/here')).toBe('/here');
    expect(callerFolder({ INIT_CWD: '/home/me' }, '/here')).toBe('/here');
  });
});
