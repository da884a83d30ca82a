import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '../../generators/commands/cli.ts';

class TerminalInput extends PassThrough {
  readonly isTTY = true;
  setRawMode(): this {
    return this;
  }
}

class TerminalOutput extends PassThrough {
  readonly isTTY = true;
  readonly columns = 80;
  readonly rows = 40;
}

export const keys = { enter: '\r', down: '\x1b[B', up: '\x1b[A', space: ' ', cancel: '\x03' } as const;

/** A person at a terminal, in this process: waits for a text, then types. */
export interface Conversation {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  /** Waits until the text was shown after what was seen so far, then types; keys one after the other. */
  readonly answer: (text: string, ...typed: string[]) => Promise<void>;
  /** Everything shown so far, without colours. */
  readonly shown: () => string;
}

export function converse(): Conversation {
  const input = new TerminalInput();
  const output = new TerminalOutput();
  let shown = '';
  let seen = 0;
  output.on('data', (chunk) => (shown += stripVTControlCharacters(String(chunk))));
  const answer: Conversation['answer'] = async (text, ...typed) => {
    const deadline = Date.now() + 10_000;
    while (!shown.slice(seen).includes(text)) {
      if (Date.now() > deadline) throw new Error(`"${text}" was not shown; this was:\n${shown.slice(seen)}`);
      await sleep(5);
    }
    seen += shown.slice(seen).indexOf(text) + text.length;
    for (const key of typed) {
      input.write(key);
      await sleep(15);
    }
  };
  return { input, output, answer, shown: () => shown };
}

/** Runs the command line in this conversation. */
export function cliIn(
  conversation: Conversation,
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
) {
  const stderr = new PassThrough();
  let errors = '';
  stderr.on('data', (chunk) => (errors += String(chunk)));
  const { input: stdin, output: stdout } = conversation;
  const code = runCli(args, { stdin, stdout, stderr, cwd, env, signal: signal ?? new AbortController().signal });
  return { code, errors: () => errors };
}
