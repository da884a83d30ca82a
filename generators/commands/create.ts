import { readConfig } from '../answers/config.ts';
import { quote, toFlags } from '../answers/flags.ts';
import { decide, type Decision, type World } from '../answers/gather.ts';
import { folderName, nameProblem } from '../answers/name.ts';
import type { Choices } from '../answers/options.ts';
import { presetNames, readPreset } from '../answers/presets.ts';
import { applyChanges } from '../disk/apply.ts';
import { inspectTarget, refuseOccupied } from '../disk/target.ts';
import { resolve } from 'node:path';
import { planChanges, type Change } from '../engine/changes.ts';
import { generate } from '../engine/generate.ts';
import { exitCodes, TenantAppError, usageError, type ExitCode } from '../errors.ts';
import { version } from '../places.ts';
import { hasGit } from '../programs/git.ts';
import { callingPackageManager, hasPackageManager, howToGet } from '../programs/package-manager.ts';
import { conclude, finish } from './finish.ts';
import { describeChanges, diffChanges, listChanges } from './preview.ts';
import { createScreen, type Screen } from './screen.ts';
import { called, type Terminal } from './terminal.ts';

/** What `create-tenant-app [dir]` was asked for. */
export interface CreateRequest {
  readonly dir: string | undefined;
  readonly flags: Partial<Choices>;
  readonly config: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly json: boolean;
}

/** Generates a repository, or shows what it would generate. Returns the exit code. */
export async function create(request: CreateRequest, terminal: Terminal): Promise<ExitCode> {
  // With --json standard output is for the program that reads it.
  const screen = createScreen(request.json ? terminal.stderr : terminal.stdout, terminal.env);
  const interactive = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true && !request.yes && !request.json;
  if (interactive && request.config === '-') {
    throw usageError('config-stdin', '--config - reads standard input, so nothing can be asked there.', ['Add --yes.']);
  }
  const config = request.config === undefined ? {} : await readConfig(request.config, terminal);
  if (interactive) screen.intro(`${screen.paint('bold', 'create-tenant-app')} ${screen.paint('dim', version)}`);
  const decision = await decide({ ...request, config }, world(terminal, interactive));
  const target = inspectTarget(decision.dir);
  refuseOccupied(target, decision.shown);

  const command = reproduction(decision, terminal);
  const changes = planChanges(new Map(), await generate(decision.answers));
  const printJson = (rest: object): void => {
    if (!request.json) return;
    const { dir, answers } = decision;
    terminal.stdout.write(`${JSON.stringify({ dir, answers, command, ...rest }, null, 2)}\n`);
  };
  if (request.dryRun) {
    if (!request.json) preview(request, decision, changes, command, screen);
    printJson({ changes: describeChanges(changes, request.diff) });
    return exitCodes.done;
  }

  await refuseMissingPrograms(decision, command, terminal);
  if (!interactive) screen.intro(`${screen.paint('bold', 'create-tenant-app')} ${screen.paint('dim', version)}`);
  const start = performance.now();
  const wrote = { doing: `Writing ${decision.shown}`, done: `Wrote ${changes.length} files to ${decision.shown}` };
  const { files } = await screen.step(wrote, () => applyChanges(target, changes, terminal.signal));
  const outcome = await finish(decision, request.flags.git === true, { terminal, screen });
  printJson({ result: { files, ...outcome } });
  conclude(decision, outcome, command, start, { terminal, screen });
  return outcome.exitCode;
}

function world(terminal: Terminal, interactive: boolean): World {
  const { cwd } = terminal;
  const preset = (name: string) => readPreset(name, cwd);
  return {
    cwd,
    caller: callingPackageManager(terminal.env),
    readPreset: preset,
    ask: interactive
      ? async (given, dir, fallbacks) => {
          const { ask } = await import('../answers/prompts.ts');
          const start = {
            dir,
            presets: await presetNames(),
            readPreset: preset,
            dirProblem: (typed: string) => dirProblem(typed, cwd),
            fallbacks,
          };
          return ask(given, start, { input: terminal.stdin, output: terminal.stdout, signal: terminal.signal });
        }
      : undefined,
  };
}

/** What speaks against a folder that was typed at the prompt. */
function dirProblem(typed: string, cwd: string): string | undefined {
  const problem = nameProblem(folderName(typed, cwd));
  if (problem !== undefined) return `This cannot be its name: ${problem}.`;
  try {
    refuseOccupied(inspectTarget(resolve(cwd, typed)), typed);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The command that gives the same result, with this exact version or from this clone. */
function reproduction(decision: Decision, { cwd, env }: Terminal): string {
  const flags = toFlags(decision.answers, decision.steps, folderName(decision.shown, cwd));
  return [called(env, version), quote(decision.shown), ...flags, '--yes'].join(' ');
}

/** Looks for the programs that the steps need before anything is written; the answers are kept in the command it prints. */
async function refuseMissingPrograms({ answers, steps }: Decision, command: string, terminal: Terminal): Promise<void> {
  if (steps.install && !(await hasPackageManager(answers.packageManager, terminal))) {
    throw new TenantAppError(
      'package-manager-missing',
      `${answers.packageManager} cannot be started; nothing was written.`,
      [`Install it (${howToGet[answers.packageManager]}), or generate without packages: ${command} --no-install`],
    );
  }
  if (steps.git && !(await hasGit(terminal))) {
    throw new TenantAppError('git-missing', 'git cannot be started; nothing was written.', [
      `Install git, or go without: ${command} --no-git`,
    ]);
  }
}

function preview(
  request: CreateRequest,
  decision: Decision,
  changes: readonly Change[],
  command: string,
  screen: Screen,
): void {
  const { paint } = screen;
  if (request.diff) return screen.plain(diffChanges(changes, paint));
  const { install, git, verify } = decision.steps;
  const after = [install && 'install packages', git && 'commit to git', verify && 'prove the isolation'].filter(
    Boolean,
  );
  screen.plain([
    ...listChanges(changes, paint),
    '',
    `${changes.length} files in ${decision.shown}${after.length === 0 ? '' : `, then ${after.join(', ')}`}. Nothing was written.`,
    command,
  ]);
}
