import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type * as FileSystem from 'node:fs/promises';
import { applyChanges } from '../../generators/disk/apply.ts';
import { inspectTarget } from '../../generators/disk/target.ts';
import { planChanges } from '../../generators/engine/changes.ts';
import { generate } from '../../generators/engine/generate.ts';
import { toTree } from '../../generators/engine/tree.ts';
import { cli, filesBelow, programs, scratch } from './terminal.ts';
import { exampleAnswers } from './example-answers.ts';

const project = resolve(import.meta.dirname, '../..');

/** What happens before each write; a test puts its failure there. */
const disk = vi.hoisted(() => ({
  beforeWrite: (_path: string): void => undefined,
  beforeRename: (_to: string): void => undefined,
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    writeFile: async (...args: Parameters<typeof real.writeFile>) => {
      disk.beforeWrite(String(args[0]));
      return real.writeFile(...args);
    },
    rename: async (...args: Parameters<typeof real.rename>) => {
      disk.beforeRename(String(args[1]));
      return real.rename(...args);
    },
  };
});

beforeEach(() => {
  disk.beforeWrite = () => undefined;
  disk.beforeRename = () => undefined;
});

const bare = ['--yes', '--no-install', '--no-git'];

/** Fails the call number `at`. */
function failing(at: number, code: string): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === at) throw Object.assign(new Error(`${code}: something`), { code });
  };
}

/** A templates folder with one layer. */
async function templatesWith(files: Record<string, string>): Promise<string> {
  const templates = await scratch();
  await mkdir(join(templates, 'bad/files'), { recursive: true });
  await writeFile(join(templates, 'bad/layer.ts'), "export default { id: 'bad', when: () => true };\n");
  for (const [path, content] of Object.entries(files)) await writeFile(join(templates, 'bad/files', path), content);
  return templates;
}

describe('an existing directory that is not empty', () => {
  it('is refused with the choices, and nothing in it is touched', async () => {
    const cwd = await scratch();
    await mkdir(join(cwd, 'my-saas'));
    await writeFile(join(cwd, 'my-saas/notes.txt'), 'mine');
    const run = await cli(cwd, ['my-saas', ...bare]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('my-saas is not empty (notes.txt)');
    expect(run.stderr).toContain('my-saas-2');
    expect(await filesBelow(cwd)).toEqual(new Map([['my-saas/notes.txt', 'mine']]));
  });

  it('is offered a proof when it is a generated repository', async () => {
    const cwd = await scratch();
    await cli(cwd, ['my-saas', ...bare]);
    const again = await cli(cwd, ['my-saas', ...bare]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/create-tenant-app@\S+ verify my-saas/);
  });

  it('is refused when it is a file, or a link to nothing', async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, 'file'), '');
    await symlink('nowhere', join(cwd, 'link'));
    for (const name of ['file', 'link']) {
      const run = await cli(cwd, [name, ...bare]);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('not a directory')]);
    }
  });
});

describe('a folder that cannot be looked into', () => {
  it('is refused in words: a path that is too long, and a link that goes round', async () => {
    const cwd = await scratch();
    const long = await cli(cwd, [`${'d'.repeat(300)}/my-saas`, ...bare]);
    expect([long.code, long.stderr]).toEqual([2, expect.stringContaining('the path is too long')]);
    await symlink('round', join(cwd, 'round'));
    const round = await cli(cwd, ['round', ...bare]);
    expect([round.code, round.stderr]).toEqual([2, expect.stringContaining('round is in the way')]);
    expect(await readdir(cwd)).toEqual(['round']);
  });
});

describe('a template file that would land outside the target', () => {
  it('is an error that names the layer and the path', async () => {
    const templates = await templatesWith({ 'ok.txt': '' });
    await mkdir(join(templates, 'bad/files/_git'));
    await writeFile(join(templates, 'bad/files/_git/config'), '[core]');
    await expect(generate(exampleAnswers, templates)).rejects.toMatchObject({
      code: 'outside-target',
      message: expect.stringMatching(/bad would write ".git\/config"/),
    });
  });

  it.each(['../out', '/etc/passwd', 'a/../../out', 'a\\..\\out', 'C:/out', 'a//b', ''])(
    'is refused as the path %j',
    async (path) => {
      const cwd = await scratch();
      const changes = [{ kind: 'create', path, after: { path, content: 'x', executable: false } }] as const;
      await expect(applyChanges(inspectTarget(join(cwd, 'new')), changes)).rejects.toMatchObject({
        code: 'outside-target',
      });
      expect(await readdir(cwd)).toEqual([]);
    },
  );
});

describe('a symlink out', () => {
  it('of the templates is refused', async () => {
    const templates = await templatesWith({});
    await symlink('/etc/hostname', join(templates, 'bad/files/name.txt'));
    await expect(generate(exampleAnswers, templates)).rejects.toMatchObject({ code: 'template-link' });
  });

  it('of the target is not followed, and what moved before goes back', async () => {
    const cwd = await scratch();
    const outside = await scratch();
    const dir = join(cwd, 'repo');
    await mkdir(dir);
    await symlink(outside, join(dir, 'src'));
    const file = (path: string) => ({ path, content: 'new', executable: false });
    const changes = planChanges(new Map(), toTree([file('a.txt'), file('src/app.ts')]));
    await expect(applyChanges(inspectTarget(dir), changes)).rejects.toMatchObject({ code: 'symlink' });
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(dir)).toEqual(['src']);
  });
});

describe('a name', () => {
  it.each(['MySaas', 'my saas', '1saas', 'node_modules', 'fs', '-x', 'é'])(
    'npm would not take is refused: %s',
    async (name) => {
      const cwd = await scratch();
      const run = await cli(cwd, ['ok', `--name=${name}`, ...bare]);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(`"${name}" cannot be the project's name`);
      expect(await readdir(cwd)).toEqual([]);
    },
  );

  it.each(['pg_app', 'pg-app', 'pg', 'pg.x'])('PostgreSQL reserves is refused: %s', async (name) => {
    const run = await cli(await scratch(), [name, ...bare]);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('PostgreSQL reserves')]);
  });

  it('longer than 50 characters is refused, and one of 50 is taken', async () => {
    const cwd = await scratch();
    const long = await cli(cwd, ['a'.repeat(51), ...bare]);
    expect([long.code, long.stderr]).toEqual([2, expect.stringContaining('51 characters')]);
    expect((await cli(cwd, ['a'.repeat(50), ...bare, '--dry-run'])).code).toBe(0);
  });

  it('is proposed that works', async () => {
    const run = await cli(await scratch(), ['My Great SaaS!', ...bare]);
    expect(run.stderr).toContain('--name my-great-saa-s'.slice(0, 16));
    expect((await cli(await scratch(), ['Möbel Café', ...bare])).stderr).toContain('--name mobel-cafe\n');
    const proposed = /--name (\S+)/.exec(run.stderr)?.[1] as string;
    expect((await cli(await scratch(), ['x', '--name', proposed, ...bare, '--dry-run'])).code).toBe(0);
  });
});

describe('a missing program', () => {
  it('git: said before anything is written, with the command that goes without', async () => {
    const cwd = await scratch();
    const env = await programs({}, ['git']);
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('git cannot be started; nothing was written');
    expect(run.stderr).toMatch(/create-tenant-app@\S+ my-saas .*--no-git/);
    expect(await readdir(cwd)).toEqual([]);
    expect((await cli(cwd, ['my-saas', '--yes', '--no-git'], { env })).code).toBe(0);
  });

  it('package manager: said before anything is written, with the command that goes without', async () => {
    const cwd = await scratch();
    const env = await programs({}, ['npm']);
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('npm cannot be started; nothing was written');
    expect(await readdir(cwd)).toEqual([]);
    expect((await cli(cwd, ['my-saas', '--yes', '--no-install'], { env })).code).toBe(0);
  });

  it('package manager: said with how to get it, when it is not the one that comes with Node', async () => {
    const cwd = await scratch();
    const run = await cli(cwd, ['my-saas', '--yes', '--package-manager', 'pnpm'], { env: await programs() });
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('npm install --global pnpm@10')]);
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('a disk that fills (ENOSPC)', () => {
  it('leaves nothing of a new folder, nor of the folders above it', async () => {
    const cwd = await scratch();
    disk.beforeWrite = failing(30, 'ENOSPC');
    const run = await cli(cwd, ['a/b/my-saas', ...bare]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('the disk is full');
    expect(await readdir(cwd)).toEqual([]);
  });

  it('leaves an empty folder empty, whether it fills while writing or while moving', async () => {
    const cwd = join(await scratch(), 'my-saas');
    await mkdir(cwd);
    disk.beforeWrite = failing(30, 'ENOSPC');
    expect((await cli(cwd, ['.', ...bare])).stderr).toContain('the disk is full');
    expect(await readdir(cwd)).toEqual([]);
    disk.beforeWrite = () => undefined;
    disk.beforeRename = failing(30, 'ENOSPC');
    expect((await cli(cwd, ['.', ...bare])).stderr).toContain('the disk is full');
    expect(await readdir(cwd)).toEqual([]);
  });

  it('during the installation keeps the repository and says so', async () => {
    const cwd = await scratch();
    const env = await programs({ install: 'echo npm error code ENOSPC >&2; exit 228' });
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('the disk is full');
    expect(existsSync(join(cwd, 'my-saas/package.json'))).toBe(true);
  });
});

describe('a folder that takes no others', () => {
  it('is said to be one, not a mistake of this program', async () => {
    const cwd = await scratch();
    disk.beforeWrite = failing(1, 'ENOENT');
    const run = await cli(cwd, ['my-saas', ...bare]);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      /Cannot write .*my-saas: a folder of the path takes no others.*\n {2}Use another folder/,
    );
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('a temporary folder that is not there', () => {
  it('costs nothing: the logs go to another', async () => {
    const cwd = await scratch();
    const env = await programs({ install: 'echo no; exit 1' });
    vi.stubEnv('TMPDIR', join(cwd, 'gone'));
    const run = await cli(cwd, ['my-saas', '--yes'], { env });
    vi.unstubAllEnvs();
    expect(run.code).toBe(3);
    const log = /Whole log: (\S+)\/install.log/.exec(run.stdout)?.[1] as string;
    expect(log).not.toContain('gone');
    await rm(log, { recursive: true });
    expect(await readdir(cwd)).not.toContain('gone');
  });
});

describe('no network at install', () => {
  it('keeps the repository, says what to do and exits with 3', { timeout: 60_000 }, async () => {
    const cwd = await scratch();
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => closed.once('listening', done));
    const { port } = closed.address() as { port: number };
    await new Promise((done) => closed.close(done));
    const env = {
      PATH: process.env['PATH'],
      HOME: await scratch(),
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: join(await scratch(), 'cache'),
      npm_config_fetch_retries: '0',
    };
    const run = await cli(cwd, ['my-saas', '--yes', '--no-git'], { env });
    expect(run.code).toBe(3);
    expect(run.stdout).toContain('the registry cannot be reached');
    expect(run.stdout).toMatch(/create-tenant-app@\S+ verify my-saas/);
    expect(existsSync(join(cwd, 'my-saas/package.json'))).toBe(true);
  });
});

describe('an interrupt', () => {
  it('before the move leaves nothing, in a new folder and in an empty one', async () => {
    for (const dir of ['a/my-saas', '.']) {
      const cwd = join(await scratch(), 'my-saas');
      await mkdir(cwd);
      const controller = new AbortController();
      let writes = 0;
      disk.beforeWrite = () => (++writes === 20 ? controller.abort() : undefined);
      const run = await cli(cwd, [dir, ...bare], { signal: controller.signal });
      expect(run.code).toBe(130);
      expect(run.stderr).toContain('Nothing was written');
      expect(await readdir(cwd)).toEqual([]);
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s before anything is decided leaves nothing', async (signal) => {
    const cwd = await scratch();
    const child = start(cwd, ['my-saas', '--config', '-'], { ...process.env });
    await listening(child.process.pid as number);
    child.process.kill(signal);
    expect(await child.exited).toBe(130);
    expect(await readdir(cwd)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s after the move leaves the repository, and verify resumes',
    async (signal) => {
      const cwd = await scratch();
      const mark = join(cwd, 'started');
      const env = await programs({
        install: `touch ${mark}; trap 'echo asked to stop; exit 130' INT TERM; sleep 60 & wait`,
      });
      const child = start(cwd, ['my-saas', '--yes'], { ...process.env, ...env });
      while (!existsSync(mark)) await sleep(50);
      child.process.kill(signal);
      expect(await child.exited).toBe(130);
      expect(child.output()).toContain('The files of my-saas are complete');
      expect(child.output()).toMatch(/create-tenant-app@\S+ verify my-saas/);
      expect((await readdir(cwd)).sort()).toEqual(['my-saas', 'started']);
      const resumed = await cli(cwd, ['verify', 'my-saas'], { env: await programs() });
      expect(resumed.code).toBe(0);
      expect(resumed.stdout).toContain('Installed packages');
      expect(resumed.stdout).toContain('Isolation holds');
    },
  );
});

/** Waits until the process handles signals itself (Node alone leaves SIGHUP); before that it has nothing to clean up. */
async function listening(pid: number): Promise<void> {
  for (;;) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
    if (status === undefined) return void (await sleep(4000)); // no /proc here
    const caught = BigInt(`0x${/SigCgt:\s*(\w+)/.exec(status)?.[1] ?? '0'}`);
    if (caught & 1n) return;
    await sleep(20);
  }
}

function start(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const loader = pathToFileURL(join(project, 'node_modules/tsx/dist/esm/index.mjs')).href;
  const command = ['--import', loader, join(project, 'bin/create-tenant-app.ts'), ...args];
  const child = spawn(process.execPath, command, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise<number | null>((done) => child.on('close', done));
  return { process: child, output: () => output, exited };
}
