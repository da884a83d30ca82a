import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of one run's logs, below the temporary folder. */
export interface Logs {
  readonly folder: string;
  readonly file: (name: string) => string;
  /** Removes it: after a run in which nothing failed. */
  readonly remove: () => void;
}

export function createLogs(): Logs {
  const folder = mkdtempSync(join(tmpdir(), 'create-tenant-app-'));
  return {
    folder,
    file: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const appendLog = (file: string, text: string | Buffer): void => appendFileSync(file, text);

/** Writes an unexpected error down and returns where. */
export function writeCrashLog(error: unknown): string {
  const file = createLogs().file('crash.log');
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause =
    error instanceof Error && error.cause !== undefined
      ? `\ncaused by: ${String((error.cause as Error).stack ?? error.cause)}`
      : '';
  writeFileSync(
    file,
    `node ${process.version} ${process.platform}\n${process.argv.slice(2).join(' ')}\n\n${stack}${cause}\n`,
  );
  return file;
}
