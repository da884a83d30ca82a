import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerOptions } from '../../generators/answers/options.ts';
import { programs } from '../unit/terminal.ts';
import { openTerminal, type TerminalSession } from './tmux.ts';

const project = resolve(import.meta.dirname, '../..');
const loader = pathToFileURL(join(project, 'node_modules/tsx/dist/esm/index.mjs')).href;
const command = [process.execPath, '--import', loader, join(project, 'bin/create-tenant-app.ts')];
const questions: readonly string[] = [...answerOptions.map((option) => option.question), 'What should happen now?'];

let scratch: string;
let cwd: string;
let terminal: TerminalSession | undefined;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cta-terminal-'));
  cwd = join(scratch, 'work');
  await mkdir(cwd);
});

afterEach(async () => {
  terminal?.close();
  terminal = undefined;
  await rm(scratch, { recursive: true, force: true });
});

function open(env: NodeJS.ProcessEnv, ...args: string[]): TerminalSession {
  terminal = openTerminal(cwd, scratch, [...command, ...args], env);
  return terminal;
}

describe('in a terminal', () => {
  it('a full run asks, generates, installs, commits, proves and shows the report', async () => {
    const { see, press, screen, exitCode } = open(
      await programs({ install: 'sleep 1; mkdir -p node_modules; touch node_modules/.package-lock.json' }),
    );
    for (const question of questions) {
      await see(question);
      press('Enter');
    }
    await see('The same again:');
    expect(await exitCode()).toBe(0);
    const shown = screen();
    expect(shown).toMatch(/◇ {2}Installed packages with npm 1\.\ds/);
    expect(shown).not.toMatch(/[◒◐◓◑]/); // every step replaced its spinner
    expect(shown).toContain('3 of 3 sabotaged defences were noticed');
    expect(shown).toContain('Isolation holds.');
    // tmux joins what the edge of the screen broke: only the command to copy may be longer.
    const lines = shown.slice(0, shown.indexOf('The same again:')).split('\n');
    expect(lines.filter((line) => line.trimEnd().length > 80)).toEqual([]);
    expect(existsSync(join(cwd, 'my-saas/.git'))).toBe(true);
  });

  it.each(questions)('Ctrl-C at "%s" leaves nothing, exits with 130 and gives the cursor back', async (last) => {
    const { see, press, screen, exitCode, cursorVisible } = open(await programs());
    for (const question of questions.slice(0, questions.indexOf(last) + 1)) {
      await see(question);
      press(question === last ? 'C-c' : 'Enter');
    }
    expect(await exitCode()).toBe(130);
    expect(screen()).toContain('Nothing was written.');
    expect(cursorVisible()).toBe(true);
    expect(await readdir(cwd)).toEqual([]);
  });

  it('Ctrl-C at the questions of the advisor leaves nothing', async () => {
    const advisor = [
      'How many tenants do you expect?',
      'Do contracts or the law demand separation?',
      'tables or columns of their own?',
    ];
    for (const last of advisor) {
      const { see, press, exitCode, close } = open(
        await programs(),
        'my-saas',
        '--framework',
        'fastify',
        '--resolution',
        'jwt',
      );
      await see('Which preset');
      press('Enter');
      await see('How are tenants kept apart');
      press('Up', 'Enter');
      for (const question of advisor.slice(0, advisor.indexOf(last) + 1)) {
        await see(question);
        press(question === last ? 'C-c' : 'Enter');
      }
      expect(await exitCode()).toBe(130);
      expect(await readdir(cwd)).toEqual([]);
      close();
      terminal = undefined;
    }
  });

  it('Ctrl-C while packages are installed leaves the repository, and verify resumes', async () => {
    const interrupted = open(await programs({ install: 'sleep 60' }), 'my-saas', '--yes');
    await interrupted.see('Installing packages');
    interrupted.press('C-c');
    expect(await interrupted.exitCode()).toBe(130);
    expect(interrupted.cursorVisible()).toBe(true);
    expect(interrupted.screen()).toContain('The files of my-saas are complete.');
    expect(await readdir(cwd)).toEqual(['my-saas']);
    interrupted.close();
    const resumed = open(await programs(), 'verify', 'my-saas');
    expect(await resumed.exitCode()).toBe(0);
    expect(resumed.screen()).toContain('Isolation holds.');
  });

  it('the answers that were given by flags are not asked, and are in the result', async () => {
    const { see, press, exitCode } = open(await programs(), 'acme', '--resolution', 'jwt', '--no-install', '--no-git');
    for (const question of [
      'Which preset',
      'Which framework',
      'kept apart',
      'know the tenant',
      'Do tenants pay',
      'Which example',
      'Which package',
    ]) {
      await see(question);
      press('Enter');
    }
    expect(await exitCode()).toBe(0);
    const { answers } = JSON.parse(await readFile(join(cwd, 'acme/tenant-app.json'), 'utf8'));
    expect(answers.resolution).toEqual(['jwt']);
  });
});
