import { counted } from '../../src/counted.ts';
import type { MigrationProgress } from '../../src/tenancy/strategy.ts';

/** Where the bar is drawn: a terminal. */
interface Terminal {
  /** Zero or nothing where it does not know. */
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

export interface ProgressBar {
  readonly show: (progress: MigrationProgress) => void;
  /** Makes room for a line of something else. */
  readonly clear: () => void;
  /** Leaves the last state in a line of its own; so does the last place by itself. */
  readonly end: () => void;
}

/** Milliseconds between two drawings. */
const interval = 100;

/** One line of a terminal that is drawn anew. `now` is in milliseconds. */
export function createProgressBar(terminal: Terminal, now: () => number = () => performance.now()): ProgressBar {
  let start = Number.NaN;
  let drawn = Number.NEGATIVE_INFINITY;
  let last: MigrationProgress | undefined;
  const draw = (progress: MigrationProgress): void => {
    drawn = now();
    terminal.write(`\r\u001B[2K${progressLine(progress, drawn - start, terminal.columns || 80)}`);
  };
  const end = (): void => {
    if (last === undefined) return;
    draw(last);
    terminal.write('\n');
    last = undefined;
  };
  return {
    show: (progress) => {
      if (Number.isNaN(start)) start = now();
      last = progress;
      if (progress.done === progress.all) end();
      else if (now() - drawn >= interval) draw(progress);
    },
    clear: () => {
      if (last !== undefined) terminal.write('\r\u001B[2K');
    },
    end,
  };
}

/** Fits into a line of so many columns; `elapsed` in milliseconds. */
export function progressLine({ kind, done, failed, all }: MigrationProgress, elapsed: number, columns: number): string {
  const rate = elapsed > 0 ? (done / elapsed) * 1000 : 0;
  const parts = [
    `${done.toLocaleString('en')} of ${counted(all, kind)}`,
    ...(rate > 0 ? [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`] : []),
    ...(rate > 0 && done < all && failed === 0 ? [`${Math.ceil((all - done) / rate)} s left`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const text = parts.join('  ');
  const width = Math.min(30, columns - text.length - 4);
  if (width < 5) return text.slice(0, columns - 1);
  const full = Math.round((width * done) / Math.max(1, all));
  return `[${'='.repeat(full)}${' '.repeat(width - full)}] ${text}`;
}
