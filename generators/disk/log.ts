import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

/** The folder of one run's logs, below the temporary folder. */
export interface Logs {
  readonly folder: string;
  readonly file: (name: string) => string;
  /** Removes it: after a run in which nothing failed. */
  readonly remove: () => void;
}

/** A new folder; where TMPDIR names none that can be written, in the places that every machine has. */
function temporaryFolder(): string {
  let problem: unknown;
  for (const root of [tmpdir(), '/tmp', '/var/tmp']) {
    try {
      return mkdtempSync(join(root, 'create-tenant-app-'));
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem;
}

export function createLogs(): Logs {
  const folder = temporaryFolder();
  return {
    folder,
    file: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Adds to a log; a disk that is full costs the log, not the run. */
export function appendLog(file: string, text: string | Buffer): void {
  try {
    appendFileSync(file, text);
  } catch {
    // the step's own error tells more
  }
}

/** Writes an unexpected error down and returns where; or what it is, when nothing can be written. */
export function writeCrashLog(error: unknown): string {
  const details = [
    `node ${process.version} ${process.platform}`,
    process.argv.slice(2).join(' '),
    '',
    inspect(error), // with its stack and its causes
  ].join('\n');
  try {
    const file = createLogs().file('crash.log');
    writeFileSync(file, `${details}\n`);
    return file;
  } catch {
    return details;
  }
}
