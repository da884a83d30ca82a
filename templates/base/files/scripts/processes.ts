import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** True when there is such a process, whoever runs it. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A process for a later one to find: by then its number may be another's, as after a restart of the machine. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, which nothing changes as long as it lives. Without it, any process of that number is the one. */
  readonly started?: string;
}

export const markOf = (pid: number): ProcessMark => ({ pid, started: startOf(pid) });

/** True while the marked process itself runs. */
export const stillRuns = ({ pid, started = startOf(pid) }: ProcessMark): boolean =>
  alive(pid) && startOf(pid) === started;

/**
 * Ends what a killed run left, and waits for its end up to 10 s. Only a process whose command line names the path is
 * ours: the number may be another's by now.
 */
export async function endLeftover(pid: number, path: string, signal: NodeJS.Signals): Promise<void> {
  if (!alive(pid) || !commandLine(pid).includes(path)) return;
  process.kill(pid, signal);
  for (let waited = 0; alive(pid) && waited < 10_000; waited += 50) await new Promise((done) => setTimeout(done, 50));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return String(spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '');
  }
}

/** Of its status the 22nd field, in clock ticks; its name, which is the second one, may hold anything. */
function startOf(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')')).split(' ')[20] ?? '';
  } catch {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return String(spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).stdout ?? '').trim();
  }
}
