import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real terminal of 80 columns, in tmux. */
export interface TerminalSession {
  /** Waits until the text is on the screen. */
  readonly see: (text: string, milliseconds?: number) => Promise<void>;
  /** Presses keys, by the names that tmux gives them (`Enter`, `Down`, `C-c`), or types text. */
  readonly press: (...keys: string[]) => void;
  readonly screen: () => string;
  readonly cursorVisible: () => boolean;
  /** The exit code of the command, once it ended. */
  readonly exitCode: () => Promise<number>;
  readonly close: () => void;
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

let sessions = 0;

/** Starts a command in a terminal of its own: a tmux server of its own too, so that no session of the user is touched. */
export function openTerminal(
  cwd: string,
  scratch: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): TerminalSession {
  sessions += 1;
  const socket = join(scratch, `tmux-${sessions}`);
  const code = join(scratch, `code-${sessions}`);
  const environment = Object.entries(env).map(([name, value]) => `${name}=${quote(value ?? '')}`);
  // The shell gets Ctrl-C too, and goes on to note the exit code.
  const line = `trap : INT; cd ${quote(cwd)} && env -u CI ${environment.join(' ')} ${command.map(quote).join(' ')}; echo $? > ${quote(code)}; sleep 60`;
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  tmux('new-session', '-d', '-s', 'main', '-x', '80', '-y', '60', 'sh', '-c', line);
  const screen = (): string => tmux('capture-pane', '-p', '-J', '-S', '-500', '-t', 'main');

  const until = async <T>(what: string, milliseconds: number, found: () => T | undefined): Promise<T> => {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (Date.now() > deadline) throw new Error(`${what} did not come; the screen is:\n${screen()}`);
      await sleep(50);
    }
  };
  return {
    screen,
    cursorVisible: () => tmux('display-message', '-p', '-t', 'main', '#{cursor_flag}').trim() === '1',
    see: async (text, milliseconds = 20_000) => {
      await until(`"${text}"`, milliseconds, () => (screen().includes(text) ? true : undefined));
    },
    press: (...keys) => void tmux('send-keys', '-t', 'main', ...keys),
    exitCode: () =>
      until('the end', 30_000, () => {
        const text = existsSync(code) ? readFileSync(code, 'utf8').trim() : '';
        return text === '' ? undefined : Number(text);
      }),
    close: () => void tmux('kill-server'),
  };
}
