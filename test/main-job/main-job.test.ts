import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyProject } from '../clone.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');
const minutes = 60_000;

let scratch: string;
let repository: string;
let printed: {
  dir: string;
  command: string;
  answers: object;
  result: { exitCode: number; steps: { step: string; report?: unknown }[] };
};

/** What npm tells this run must not reach the one that is tested. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|VITEST|NODE_ENV)/i.test(name)),
);

const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, env: environment, maxBuffer: 1 << 26 });

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'main-job-'));
  repository = join(scratch, 'my-saas');
  const clone = join(scratch, 'create-tenant-app');
  await copyProject(project, clone);
  const { stdout } = await npm(clone, 'run', '--silent', 'create', '--', '../my-saas', '--yes', '--json');
  printed = JSON.parse(stdout);
}, 5 * minutes);

afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('npm run create -- ../my-saas --yes', () => {
  it('ends verified: installed, committed, and no tenant reached another', () => {
    expect(printed).toMatchObject({ dir: repository, answers: { name: 'my-saas' }, result: { exitCode: 0 } });
    expect(printed.result.steps.map(({ step }) => step)).toEqual(['install', 'git', 'verify']);
  });

  it('attacked something, and noticed every policy that was sabotaged', () => {
    const report = printed.result.steps.at(-1)?.report as {
      groups: { checks: number; findings: unknown[] }[];
      mutations: { caught: number; total: number };
    };
    expect(report.groups.length).toBeGreaterThan(0);
    for (const { checks, findings } of report.groups) expect([checks > 0, findings]).toEqual([true, []]);
    expect(report.mutations.total).toBeGreaterThan(0);
    expect(report.mutations.caught).toBe(report.mutations.total);
  });

  it('left out only what the documentation names, for the reasons that it gives', async () => {
    const { notCovered } = printed.result.steps.at(-1)?.report as { notCovered: { threat: string; why: string }[] };
    const page = await readFile(join(project, 'docs/isolation.md'), 'utf8');
    const documented = [...page.matchAll(/^\| ([A-Z]\d*(?:, [A-Z]\d*)*) \| (.+) \|$/gm)].flatMap(
      ([, threats = '', why = '']) => threats.split(', ').map((threat) => ({ threat, why })),
    );
    const left = notCovered.filter(({ threat }) => threat !== 'mutations');
    expect(left.length).toBeGreaterThan(0);
    expect(documented).toEqual(expect.arrayContaining(left));
  });

  it('committed everything, and the proof left nothing behind', async () => {
    const git = async (...args: string[]) => (await run('git', args, { cwd: repository })).stdout.trim();
    expect(await git('rev-list', '--count', 'HEAD')).toBe('1');
    expect(await git('status', '--porcelain')).toBe('');
    expect(await git('ls-files', 'package-lock.json')).toBe('package-lock.json');
    expect(await readFile(join(repository, 'package-lock.json'), 'utf8')).not.toBe('');
  });

  it.each(['typecheck', 'lint', 'build', 'test'])(
    'the repository passes its own npm run %s',
    { timeout: 5 * minutes },
    async (script) => {
      await npm(repository, 'run', script);
    },
  );
});
