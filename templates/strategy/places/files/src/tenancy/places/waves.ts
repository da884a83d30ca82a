import { counted } from '../../counted.ts';
import { MigrationError } from '../../platform/apply-migration.ts';

/** One to see whether it works at all, then 5 % of all, then the others. */
export function inWaves<T>(all: readonly T[]): T[][] {
  const second = 1 + Math.ceil(all.length * 0.05);
  return [all.slice(0, 1), all.slice(1, second), all.slice(second)].filter((wave) => wave.length > 0);
}

/** What was done to one of many, or why it was not. */
export interface Outcome<T> {
  readonly done: readonly T[];
  readonly failed: readonly { readonly item: T; readonly error: Error }[];
}

/** One error for all that failed, and what to do next; `thing` is what one is called, and `nameOf` its name. */
export function explainFailures<T>(
  thing: string,
  { done, failed }: Outcome<T>,
  all: number,
  nameOf: (item: T) => string,
): MigrationError {
  const lines = failed.map(({ item, error }) => `${nameOf(item)}: ${error.message}`);
  return new MigrationError(
    `${lines.join('\n')}\nMigrated: ${done.length.toLocaleString('en')} of ${counted(all, thing)}, and no wave after this one was begun; the others serve their tenants as before. ` +
      'Next: mend it and run npm run db:migrate again: it continues where it stopped.',
  );
}

/**
 * Does something to each, wave after wave, some at a time. A failure lets nothing more begin, in its wave or after it;
 * what was begun is finished. `work` is told which of the workers it is, from 0 on: each does one thing at a time.
 */
export async function runInWaves<T>(
  all: readonly T[],
  {
    workers,
    work,
    onDone,
    onFailed = () => {},
  }: {
    readonly workers: number;
    readonly work: (item: T, worker: number) => Promise<void>;
    /** Told how many are done after each. */
    readonly onDone: (count: number) => void;
    readonly onFailed?: (count: number) => void;
  },
): Promise<Outcome<T>> {
  const done: T[] = [];
  const failed: { item: T; error: Error }[] = [];
  for (const wave of inWaves(all)) {
    const waiting = wave.values();
    const run = async (worker: number): Promise<void> => {
      for (const item of waiting) {
        if (failed.length > 0) return;
        try {
          await work(item, worker);
          done.push(item);
          onDone(done.length);
        } catch (error) {
          failed.push({ item, error: error as Error });
          onFailed(failed.length);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(workers, wave.length) }, (_, worker) => run(worker)));
    if (failed.length > 0) break;
  }
  return { done, failed };
}
