import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cleanEnvironment } from '../../../generators/programs/run.ts';
import { median } from '../harness.ts';
import { runNode, startServer, type Took } from '../programs.ts';
import type { Figure, Group } from '../report.ts';

const project = resolve(import.meta.dirname, '../../..');
const command = join(project, 'dist/create-tenant-app.cjs');
const runs = 11;
/** The main job takes most of a minute. */
const mainJobs = 3;

const largest = ['--framework', 'express', '--resolution', 'jwt,api-key,subdomain', '--modules', 'projects,tasks'];

/** The command as it is published. */
export const commandLine: Group = {
  about: 'the generator: its start, generation, what is installed, the main job beside the package manager',
  async measure() {
    execFileSync('npm', ['run', 'build'], { cwd: project, stdio: 'ignore' });
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    try {
      const figures = [...(await starts(folder)), ...installs(folder), ...(await mainJob(folder))];
      return { setting: `the bundled command, medians of ${runs} runs, of the main job of ${mainJobs}`, figures };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function starts(folder: string): Promise<Figure[]> {
  const took = async (args: (run: number) => readonly string[], count = runs): Promise<Took[]> => {
    const all: Took[] = [];
    for (let run = 0; run < count; run++) all.push(await runNode(folder, [command, ...args(run)], folder));
    return all;
  };
  const help = await took(() => ['--help']);
  const generated = await took((run) => [`largest-${run}`, '--yes', '--no-install', '--no-git', ...largest]);
  const of = (all: readonly Took[], key: keyof Took): number => median(all.map((each) => each[key]));
  return [
    { name: '--help, CPU', value: of(help, 'cpuMs'), unit: 'ms', atMost: 150 },
    { name: 'largest combination, not installed', value: of(generated, 'ms'), unit: 'ms', atMost: 500 },
    { name: 'the same, CPU', value: of(generated, 'cpuMs'), unit: 'ms' },
  ];
}

function installs(folder: string): Figure[] {
  const env = cleanEnvironment(process.env);
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: project,
    env,
    stdio: 'ignore',
  });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const into = join(folder, 'installed');
  mkdirSync(into);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball)], {
    cwd: into,
    env,
    stdio: 'ignore',
  });
  const lock = JSON.parse(readFileSync(join(into, 'node_modules/.package-lock.json'), 'utf8')) as { packages: object };
  const files = readdirSync(join(into, 'node_modules'), { recursive: true, withFileTypes: true });
  const bytes = files
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return [
    { name: 'packages that npx installs', value: Object.keys(lock.packages).length, unit: '', atMost: 40 },
    { name: 'their size', value: bytes / 1e6, unit: 'MB', atMost: 15 },
  ];
}

/** The main job, and in between the package manager alone on the same repository. */
async function mainJob(folder: string): Promise<Figure[]> {
  const beside: number[] = [];
  const env = { ...cleanEnvironment(process.env), PORT: '0', HOST: '127.0.0.1' };
  let answered = Number.NaN;
  for (let run = 0; run < mainJobs; run++) {
    const target = join(folder, `main-${run}`);
    const { ms } = await runNode(folder, [command, target, '--yes', '--no-git'], folder);
    rmSync(join(target, 'node_modules'), { recursive: true });
    rmSync(join(target, 'package-lock.json'));
    const start = performance.now();
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: target, env, stdio: 'ignore' });
    beside.push(ms - (performance.now() - start));
  }
  for (let turn = 0; turn < 2; turn++) {
    const cwd = join(folder, 'main-0');
    const server = await startServer('npm', ['run', 'dev'], { cwd, env, path: '/openapi.json' });
    answered = server.answeredMs;
    await server.stop();
  }
  return [
    { name: 'the main job beside the package manager', value: median(beside) / 1000, unit: 's', atMost: 15 },
    { name: 'npm run dev to its first answer, second start', value: answered / 1000, unit: 's', atMost: 4 },
  ];
}
