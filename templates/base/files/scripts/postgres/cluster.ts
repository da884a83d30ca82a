import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { endLeftover, markOf, type ProcessMark, stillRuns } from '../processes.ts';
import { type Binaries, libraryEnvironment, program } from './binaries.ts';
import { runAs } from './places.ts';

export interface Cluster {
  /** Logs in as the superuser postgres. */
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
  /** Calls back when the server ends that nobody stopped; only of one that this process started. */
  readonly onLost?: (tell: () => void) => void;
}

type Outlive = 'nothing' | 'server' | 'machine';

interface ClusterOptions {
  readonly binaries: Binaries;
  /** The folder that holds `data`, the password and the mark of who runs it. */
  readonly home: string;
  /** What the data outlive: nothing, the server's own end, or the machine's. */
  readonly outlive: Outlive;
  /** Where it listens, unless somebody else does. */
  readonly port?: number;
}

/** Said in the URL: a PGSSLMODE in the environment is about another server. */
export const withoutTls = 'sslmode=disable';

/** What is written beside the data, so that a later start can find what a dead one left. */
interface Mark extends ProcessMark {
  readonly password: string;
  /** Not there before its first start. */
  readonly port: number | undefined;
}

/** No log to restore or copy from. */
const throwaway = [
  'full_page_writes=off',
  'synchronous_commit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_wal_size=256MB',
];

/**
 * What the server has written the machine keeps, also when the server crashes: only who fears for the machine waits for
 * its disk.
 */
const settingsFor: Readonly<Record<Outlive, readonly string[]>> = {
  nothing: ['fsync=off', ...throwaway],
  server: ['fsync=off'],
  machine: [],
};

/**
 * Makes the cluster if there is none, and starts it on a free port of 127.0.0.1, the same as before if it can. It ends
 * with this process.
 */
export async function startCluster({ binaries, home, outlive, port: wanted }: ClusterOptions): Promise<Cluster> {
  const user = runAs();
  const data = join(home, 'data');
  mkdirSync(home, { recursive: true });
  chmodSync(home, user === undefined ? 0o700 : 0o711);
  const mark = readMark(home);
  const password = mark?.password ?? randomBytes(24).toString('hex');
  const options = {
    ...user,
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      ...systemRoot(),
      LC_ALL: 'C',
      TZ: 'UTC',
      ...libraryEnvironment(binaries, home),
    },
  };
  // Before there are data: a second run that starts meanwhile would make its own over them.
  writeMark(home, { ...markOf(process.pid), password, port: mark?.port });
  const isNew = !existsSync(join(data, 'PG_VERSION'));
  if (isNew) initialize(binaries, { data, password, outlive, options });
  assertSameMajor(binaries, data, options);
  if (!isNew && mark?.port === undefined) changePassword(binaries, { data, password, options });

  for (let attempt = 1; ; attempt++) {
    const known = attempt === 1 ? (mark?.port ?? wanted) : undefined;
    const port = known ?? (await freePort());
    writeMark(home, { ...markOf(process.pid), password, port });
    try {
      const server = await launch(binaries, { data, port, outlive, options });
      return { adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres?${withoutTls}`, ...watch(server) };
    } catch (error) {
      // Between finding a free port and binding it somebody else may take it.
      if (attempt === 5 || !(error instanceof PortTakenError)) throw error;
    }
  }
}

type SpawnOptions = {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly uid?: number;
  readonly gid?: number;
};

function initialize(
  binaries: Binaries,
  { data, password, outlive, options }: { data: string; password: string; outlive: Outlive; options: SpawnOptions },
): void {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = join(dirname(data), 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (options.uid !== undefined && options.gid !== undefined) {
    for (const path of [data, passwordFile]) chownSync(path, options.uid, options.gid);
  }
  const settings = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--no-locale',
  ];
  const result = spawnSync(program(binaries, 'initdb'), outlive === 'machine' ? settings : [...settings, '--no-sync'], {
    ...options,
    encoding: 'utf8',
  });
  rmSync(passwordFile, { force: true });
  if (result.status !== 0) {
    rmSync(data, { recursive: true, force: true });
    throw new Error(
      `initdb failed: ${lastLines(result.stderr || result.error?.message || `exit ${result.status ?? result.signal}`)}`,
    );
  }
}

function assertSameMajor(binaries: Binaries, data: string, options: SpawnOptions): void {
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const { stdout } = spawnSync(program(binaries, 'postgres'), ['--version'], { ...options, encoding: 'utf8' });
  const major = /(\d+)[.\w]*\s*(\(|$)/.exec(String(stdout).trim())?.[1];
  if (major !== undefined && major !== made) {
    throw new Error(
      `${data} was made by PostgreSQL ${made}, and this is ${major}. Next: move it away, or install PostgreSQL ${made}.`,
    );
  }
}

/** Of data whose password is lost: PostgreSQL asks for none where it takes its statements from its input. */
function changePassword(
  binaries: Binaries,
  { data, password, options }: { data: string; password: string; options: SpawnOptions },
): void {
  const { status, stderr } = spawnSync(program(binaries, 'postgres'), ['--single', '-D', data, 'postgres'], {
    ...options,
    input: `alter role postgres password '${password}'`,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`postgres did not start (${status}): ${lastLines(stderr)}`);
}

/** Somebody else listens there. */
class PortTakenError extends Error {}

function launch(
  binaries: Binaries,
  { data, port, outlive, options }: { data: string; port: number; outlive: Outlive; options: SpawnOptions },
): Promise<ChildProcess> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=64MB',
    ...settingsFor[outlive],
  ];
  const server = spawn(
    program(binaries, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
    {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A Ctrl-C in the terminal reaches us; we then stop the server in order.
      detached: process.platform !== 'win32',
    },
  );
  return new Promise((resolve, reject) => {
    let output = '';
    server.stderr?.on('data', (chunk) => {
      output = (output + String(chunk)).slice(-4000);
      if (!output.includes('ready to accept connections')) return;
      server.removeAllListeners('exit');
      server.stderr?.removeAllListeners('data').resume();
      server.unref();
      (server.stderr as unknown as { unref?: () => void } | null)?.unref?.();
      resolve(server);
    });
    server.on('error', (error) => reject(new Error(`postgres did not start: ${error.message}`)));
    server.on('exit', (code, signal) => {
      const problem = `postgres did not start (${code ?? signal}): ${lastLines(output)}`;
      reject(/could not bind/.test(output) ? new PortTakenError(problem) : new Error(problem));
    });
  });
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Ends the server at once; nothing committed is lost. Also when this process ends by itself. */
function watch(server: ChildProcess): Required<Pick<Cluster, 'stop' | 'onLost'>> {
  const kill = () => void server.kill('SIGQUIT');
  process.once('exit', kill);
  let stopped: Promise<void> | undefined;
  return {
    stop: () => {
      stopped ??= new Promise((resolve) => {
        process.off('exit', kill);
        if (hasEnded(server)) return resolve();
        server.ref();
        server.once('exit', () => resolve());
        server.kill('SIGINT');
      });
      return stopped;
    },
    onLost: (tell) => {
      if (hasEnded(server) && stopped === undefined) tell();
      server.once('exit', () => {
        if (stopped === undefined) tell();
      });
    },
  };
}

/** Ends the server that a killed run left in a home. Returns the process of a run that is still alive. */
export async function reap(home: string): Promise<number | undefined> {
  const mark = readMark(home);
  if (mark !== undefined && mark.pid !== process.pid && stillRuns(mark)) return mark.pid;
  const data = join(home, 'data');
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return undefined;
  await endLeftover(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), data, 'SIGINT');
  rmSync(pidFile, { force: true });
  return undefined;
}

function readMark(home: string): Mark | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8')) as Mark;
  } catch {
    return undefined;
  }
}

/** The whole of it or nothing, also when this process is killed meanwhile. */
function writeMark(home: string, mark: Mark): void {
  const written = join(home, `cluster.json.${process.pid}`);
  writeFileSync(written, JSON.stringify(mark), { mode: 0o600 });
  renameSync(written, join(home, 'cluster.json'));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().unref();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function systemRoot(): Record<string, string> {
  return process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ');
}
