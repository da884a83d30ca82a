import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alive, endLeftover, markOf, stillRuns } from '../../scripts/processes.ts';

let left: ChildProcess;
let pid: number;
beforeEach(async () => {
  left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '/somewhere/src/server.ts'], {
    stdio: 'ignore',
  });
  await once(left, 'spawn');
  pid = left.pid ?? 0;
});
afterEach(() => void left.kill('SIGKILL'));

describe('what a killed run left', () => {
  it('is ended, and its end is waited for', async () => {
    await endLeftover(pid, '/somewhere/src/server.ts', 'SIGTERM');
    expect(alive(pid)).toBe(false);
  });

  it('is left alone when its number is another process by now', async () => {
    await endLeftover(pid, '/elsewhere/src/server.ts', 'SIGTERM');
    expect(alive(pid)).toBe(true);
  });
});

describe('the mark of a process', () => {
  it('finds it while it runs, and not when its number is another process by now', async () => {
    const mark = markOf(pid);
    expect([stillRuns(mark), stillRuns({ ...mark, started: 'earlier' })]).toEqual([true, false]);
    await endLeftover(pid, '/somewhere', 'SIGTERM');
    expect(stillRuns(mark)).toBe(false);
  });
});
