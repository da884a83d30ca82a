import { chmod, mkdtemp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach } from 'vitest';
import { runCli } from '../../generators/commands/cli.ts';

/** What a run of the command line left behind. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

// The logs of failed steps stay where they are for the person to read; those of the tests go.
const temporary = mkdtempSync(join(tmpdir(), 'cta-'));
const before = process.env['TMPDIR'];
process.env['TMPDIR'] = temporary;

afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(temporary, { recursive: true, force: true });
});

/** A folder that goes away after the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cta-test-'));
  folders.push(folder);
  return folder;
}

const collect = (stream: PassThrough): (() => string) => {
  let text = '';
  stream.on('data', (chunk) => (text += String(chunk)));
  return () => text;
};

/** Runs the command line in this process, without a terminal. */
export async function cli(
  cwd: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly stdin?: string; readonly signal?: AbortSignal } = {},
): Promise<Run> {
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? '');
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [collect(stdout), collect(stderr)];
  const env = options.env ?? { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const signal = options.signal ?? new AbortController().signal;
  const code = await runCli(args, { stdin, stdout, stderr, cwd, env, signal });
  return { code, stdout: out(), stderr: err() };
}

/** Every path below a folder, without git's own. */
export async function filesBelow(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (!path.startsWith('.git/')) files.set(path, await readFile(join(folder, path), 'utf8'));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The report of an isolation suite that found nothing. */
export const cleanReport = {
  result: 'pass',
  server: 'PostgreSQL 18',
  groups: [{ name: 'matrix', checks: 12, findings: [] }],
  tables: 4,
  routes: 9,
  notCovered: [],
  accepted: [],
  mutations: { caught: 3, total: 3, survived: [] },
};

/** What a stand-in for npm does: a shell script a command. */
export interface FakeNpm {
  readonly install?: string;
  /** Runs with $report, the file that the report goes to. */
  readonly isolation?: string;
}

/** A PATH on which npm is a stand-in, so that a test need not install or start anything; `without` leaves programs out. */
export async function programs(fake: FakeNpm = {}, without: readonly string[] = []): Promise<NodeJS.ProcessEnv> {
  const bin = await scratch();
  for (const name of ['git', 'sh', 'node', 'mkdir', 'touch', 'sleep', 'cat', 'dirname'].filter(
    (name) => !without.includes(name),
  )) {
    await symlink(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name));
  }
  if (!without.includes('npm')) {
    await writeFile(join(bin, 'report.json'), JSON.stringify(cleanReport));
    const isolation = fake.isolation ?? `cat "${bin}/report.json" > "$report"`;
    const script = `#!/bin/sh
case "$1" in
  --version) echo 11.0.0 ;;
  install) ${fake.install ?? 'mkdir -p node_modules; touch node_modules/.package-lock.json'} ;;
  run) while [ $# -gt 1 ]; do [ "$1" = --json ] && report=$2; shift; done; ${isolation} ;;
esac
`;
    await writeFile(join(bin, 'npm'), script);
    await chmod(join(bin, 'npm'), 0o755);
  }
  const home = join(bin, 'home');
  await mkdir(home);
  return { PATH: bin, HOME: home, GIT_CONFIG_NOSYSTEM: '1' };
}
