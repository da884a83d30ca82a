import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAll } from '../generators/programs/run.ts';

/** A folder for generated repositories, to be removed at the end; when this process is interrupted, it goes, and so do the programs that were started; `kill` ends others. */
export async function makeScratch(
  name: string,
  kill: () => void = () => {},
): Promise<{ folder: string; remove: () => void }> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  await chmod(folder, 0o711); // for the user that PostgreSQL runs as; otherwise each repository copies its programs
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killAll(); // they have process groups of their own
      kill();
      remove();
      process.exit(130);
    });
  }
  return { folder, remove };
}
