import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Copies the project as a fresh clone has it, plus its installed packages as hard links, so that installing is quick. */
export async function copyProject(project: string, target: string): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: project,
    maxBuffer: 1 << 26,
  });
  for (const path of stdout.split('\0').filter((path) => path !== '')) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(project, path), join(target, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error; // deleted, but not yet committed
    });
  }
  await run('cp', ['-al', join(project, 'node_modules'), join(target, 'node_modules')]);
}
