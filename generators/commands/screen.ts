import { S_BAR, S_BAR_END, S_BAR_START, S_ERROR, S_STEP_SUBMIT, S_WARN, unicodeOr } from '@clack/prompts';
import { stripVTControlCharacters, styleText } from 'node:util';
import { wrap } from '../wrap.ts';
import type { Terminal } from './terminal.ts';

type Format = Parameters<typeof styleText>[0];

/** What a run shows, in the look of clack's prompts: a bar on the left, a mark a step. */
export interface Screen {
  readonly paint: (format: Format, text: string) => string;
  readonly intro: (text: string) => void;
  readonly outro: (text: string) => void;
  /** Lines beside the bar. */
  readonly note: (lines: readonly string[]) => void;
  readonly warn: (text: string) => void;
  /** Lines without the bar, for what is copied. */
  readonly plain: (lines: readonly string[]) => void;
  /** Shows a step while it runs, and how long it took; a failed one stays marked, and its error goes on. */
  readonly step: <T>(
    name: StepName,
    work: (progress: (detail: string) => void) => Promise<T>,
    /** False marks the step as failed although it came to its end. */
    good?: (result: T) => boolean,
  ) => Promise<T>;
}

/** The same step before and after: `Installing packages`, `Packages installed`. */
export interface StepName {
  readonly doing: string;
  readonly done: string;
}

const frames = unicodeOr('◒◐◓◑', '•oO0');

/** Seconds with a tenth, as they are shown. */
export const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)}s`;

/** A screen on a stream. Colours and the spinner only on a terminal; NO_COLOR is honoured. */
export function createScreen(stream: Terminal['stdout'], env: NodeJS.ProcessEnv): Screen {
  const terminal = stream.isTTY === true && env['TERM'] !== 'dumb';
  const colours = (terminal && !env['NO_COLOR']) || (env['FORCE_COLOR'] || '0') !== '0';
  const paint = (format: Format, text: string): string =>
    colours ? styleText(format, text, { validateStream: false } as never) : text;
  const bar = paint('gray', S_BAR);
  const write = (text: string): void => void stream.write(text);
  const broken = (text: string): string[] => wrap(text, (stream.columns ?? Infinity) - 4);
  const note = (lines: readonly string[]): void =>
    write(
      lines
        .flatMap(broken)
        .map((line) => `${bar}  ${line}`.trimEnd() + '\n')
        .join(''),
    );

  const step: Screen['step'] = async (name, work, good = () => true) => {
    const start = performance.now();
    let detail = '';
    write(`${bar}\n`);
    const spinner = terminal ? spin(stream, () => [name.doing, detail, seconds(start)], paint) : undefined;
    const end = (symbol: string, text: string): void => {
      spinner?.();
      write(`${symbol}  ${text} ${paint('dim', seconds(start))}\n`);
    };
    try {
      const result = await work((text) => (detail = stripVTControlCharacters(text).trim()));
      end(good(result) ? paint('green', S_STEP_SUBMIT) : paint('red', S_ERROR), name.done);
      return result;
    } catch (error) {
      end(paint('red', S_ERROR), `${name.doing}: failed`);
      throw error;
    }
  };

  return {
    paint,
    note,
    step,
    intro: (text) => write(`${paint('gray', S_BAR_START)}  ${text}\n`),
    outro: (text) => write(`${bar}\n${paint('gray', S_BAR_END)}  ${text}\n`),
    warn: (text) => {
      const [first, ...more] = broken(text);
      write(`${bar}\n${paint('yellow', S_WARN)}  ${first}\n`);
      note(more);
    },
    plain: (lines) => write(lines.map((line) => `${line}\n`).join('')),
  };
}

/** Redraws one line until it is stopped. Clack's own spinner is not used: Ctrl-C in it ends the process with exit code 0. */
function spin(stream: Terminal['stdout'], parts: () => [string, string, string], paint: Screen['paint']): () => void {
  let turn = 0;
  const draw = (): void => {
    const [doing, detail, time] = parts();
    const room = Math.max((stream.columns ?? 80) - doing.length - time.length - 7, 0);
    const tail = detail === '' || room < 12 ? '' : ` ${paint('dim', detail.slice(0, room))}`;
    stream.write(
      `\r\x1b[K${paint('magenta', frames[turn++ % frames.length] as string)}  ${doing} ${paint('dim', time)}${tail}`,
    );
  };
  stream.write('\x1b[?25l');
  draw();
  const timer = setInterval(draw, 100);
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[K\x1b[?25h');
  };
}
