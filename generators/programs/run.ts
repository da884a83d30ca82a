import { appendLog } from '../disk/log.ts';
import { interrupted } from '../errors.ts';

/** How another program ended. */
export interface Finished {
  /** Its exit code; undefined when it could not be started. */
  readonly code: number | undefined;
  /** Everything it printed. */
  readonly output: string;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Everything it prints goes there too. */
  readonly log?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How long a program may clean up after an interrupt before it is ended the hard way, in milliseconds. */
const patience = 15_000;

/** How long the output of a program that ended may stay open, in milliseconds. */
const grace = 3_000;

/** What npm tells the script that runs this command: it is about this project, not about the repository that is made. */
const foreign = [
  /^(INIT_CWD|NODE_ENV)$/,
  /^npm_(lifecycle_|package_)/i,
  /^npm_(command|config_(local_prefix|dry_run|package|call|global|workspaces?|omit|only|production|include))$/i,
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE)$/,
];

/** The environment for a program that works in the new repository. */
export function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.some((pattern) => pattern.test(name))));
}

/** The process groups that run at the moment. */
const running = new Set<number>();

/** Ends every program that still runs, at once: for a second interrupt. */
export function killAll(): void {
  for (const pid of running) killGroup(pid, 'SIGKILL');
}

/**
 * Runs a program to its end. It gets a process group of its own, so that an interrupt reaches it and its children once; a
 * program that cannot be started has no exit code. Throws only when the run was interrupted.
 */
export async function run(program: Program): Promise<Finished> {
  const { signal } = program;
  const { execa } = await import('execa'); // some 200 ms of CPU, so not before it is needed
  // Asked after the last wait: from here on the listener below hears of an interrupt, and of none that came before it.
  if (signal?.aborted) throw interrupted('Interrupted.');
  const child = execa(program.command, program.args, {
    cwd: program.cwd,
    env: cleanEnvironment(program.env),
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    detached: process.platform !== 'win32',
    cleanup: false,
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = lineReader((line) => program.onLine?.(line));
  child.all.on('data', (chunk: Buffer) => {
    if (program.log !== undefined) appendLog(program.log, chunk);
    lines(String(chunk));
  });
  if (child.pid !== undefined) running.add(child.pid);
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    killGroup(child.pid, 'SIGINT');
    timers.push(setTimeout(() => killGroup(child.pid, 'SIGTERM'), patience));
    timers.push(setTimeout(() => killGroup(child.pid, 'SIGKILL'), patience * 1.5));
  };
  signal?.addEventListener('abort', stop, { once: true });
  // What a program leaves running keeps its output open: after an interrupt it is ended, otherwise not waited for.
  child.once('exit', () => {
    if (signal?.aborted) killGroup(child.pid, 'SIGTERM');
    timers.push(setTimeout(() => child.all.destroy(), grace));
  });
  try {
    const result = await child;
    if (signal?.aborted) throw interrupted('Interrupted.');
    return { code: result.exitCode ?? (result.signal === undefined ? undefined : 1), output: result.all ?? '' };
  } finally {
    if (child.pid !== undefined) running.delete(child.pid);
    signal?.removeEventListener('abort', stop);
    for (const timer of timers) clearTimeout(timer);
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // it ended by itself
  }
}

/** Cuts a stream's chunks into lines; empty ones are left out, and an unfinished one waits for its end. */
function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let open = '';
  return (chunk) => {
    const lines = (open + chunk).split('\n');
    open = lines.pop() as string;
    for (const line of lines) if (line.trim() !== '') onLine(line);
  };
}
