import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from '../../generators/programs/run.ts';

/** What a program that ended took. */
export interface Took {
  /** Milliseconds from its start to its end. */
  readonly ms: number;
  /** Milliseconds of CPU of the process itself, without those that it started. */
  readonly cpuMs: number;
}

/** Runs `node` with arguments to its end and measures it. `folder` is for a file of the measurement. Throws when it does not end with 0. */
export async function runNode(
  folder: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Took> {
  const probe = join(folder, 'probe.cjs');
  writeFileSync(
    probe,
    `process.on('exit', () => require('node:fs').writeSync(3, JSON.stringify(process.cpuUsage()) + '\\n'));`,
  );
  const start = performance.now();
  const child = spawn(process.execPath, ['--require', probe, ...args], {
    cwd,
    env: { ...cleanEnvironment(process.env), ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [errors, told] = [2, 3].map((stream) => {
    const chunks: Buffer[] = [];
    child.stdio[stream]?.on('data', (chunk: Buffer) => void chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  }) as [() => string, () => string];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const ms = performance.now() - start;
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}\n${errors()}`);
  // The process itself was the last to end.
  const { user, system } = JSON.parse(told().trim().split('\n').at(-1) ?? '') as NodeJS.CpuUsage;
  return { ms, cpuMs: (user + system) / 1000 };
}

/** A server in a process group of its own. */
export interface Running {
  /** Milliseconds from its start to its first answer. */
  readonly answeredMs: number;
  readonly stop: () => Promise<void>;
}

/** Starts a server that prints where it listens, and asks it until it answers. */
export async function startServer(
  command: string,
  args: readonly string[],
  { cwd, env, path }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly path: string },
): Promise<Running> {
  const start = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await ended;
  };
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = '';
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const [found] = /http:\/\/(127\.0\.0\.1|localhost|0\.0\.0\.0):\d+/.exec(output) ?? [];
        if (found !== undefined && /listening/i.test(output)) resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('close', () => reject(new Error(`${command} ${args.join(' ')} ended\n${output}`)));
    });
    const answer = await fetch(new URL(path, url));
    await answer.arrayBuffer();
    return { answeredMs: performance.now() - start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
