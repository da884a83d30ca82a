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
