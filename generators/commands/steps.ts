import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Decision } from '../answers/gather.ts';
import type { Answers } from '../answers/options.ts';
import { quote } from '../answers/flags.ts';
import { createLogs, type Logs } from '../disk/log.ts';
import { exitCodes, interrupted, TenantAppError, type ExitCode } from '../errors.ts';
import { commitAll, surroundingWorkTree } from '../programs/git.ts';
import { type Program } from '../programs/run.ts';
import { install, isInstalled } from '../programs/package-manager.ts';
import { prove, type Report } from '../verify/proof.ts';
import { inWordsOf } from '../engine/package-manager.ts';
import { reportLines } from '../verify/report.ts';
import type { Screen, StepName } from './screen.ts';
import type { Terminal } from './terminal.ts';

/** Where the steps after writing work, and what they show. */
export interface Workplace {
  readonly dir: string;
  readonly shown: string;
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly logs: Logs;
}

/** How one step ended. */
export interface StepResult {
  readonly step: 'install' | 'git' | 'verify';
  readonly state: 'done' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly exitCode: ExitCode;
  readonly why?: string;
  readonly report?: Report;
}

type Work = (
  context: Required<Pick<Program, 'cwd' | 'env' | 'log' | 'onLine'>> & { signal: AbortSignal },
) => Promise<Partial<StepResult>>;

const reportName = 'isolation.json';

/** How many lines of a failed step's log are shown. */
const shownLines = 15;

/** Runs one step; a failure shows its message, the end of its log and where the whole log is, and is a result. */
async function runStep(step: StepResult['step'], name: StepName, place: Workplace, work: Work): Promise<StepResult> {
  const { screen, terminal } = place;
  const log = place.logs.file(`${step}.log`);
  const lines: string[] = [];
  const start = performance.now();
  const elapsed = (): number => Math.round(performance.now() - start) / 1000;
  try {
    const context = { cwd: place.dir, env: terminal.env, log, signal: terminal.signal };
    const result = await screen.step(
      name,
      (progress) =>
        work({
          ...context,
          onLine: (line) => {
            lines.push(line);
            if (!line.startsWith('> ')) progress(line); // npm's echo of the command
          },
        }),
      (result) => result.state !== 'failed',
    );
    return { step, state: 'done', exitCode: exitCodes.done, ...result, seconds: elapsed() };
  } catch (error) {
    if (!(error instanceof TenantAppError)) throw error;
    if (error.code === 'interrupted') {
      throw interrupted(`Interrupted. The files of ${place.shown} are complete.`, [
        `Go on: create-tenant-app verify ${quote(place.shown)}`,
      ]);
    }
    const tail = lines.slice(-shownLines);
    screen.note([error.message, ...error.next, ...(tail.length === 0 ? [] : ['', ...tail, '', `Whole log: ${log}`])]);
    return { step, state: 'failed', exitCode: error.exitCode, why: error.message, seconds: elapsed() };
  }
}

/** Runs steps that write logs; the logs stay when one of them failed, and go otherwise, also on an interrupt. */
export async function withLogs(work: (logs: Logs) => Promise<readonly StepResult[]>): Promise<readonly StepResult[]> {
  const logs = createLogs();
  let keep = false;
  try {
    const results = await work(logs);
    keep = results.some((result) => result.state === 'failed');
    return results;
  } finally {
    if (!keep) logs.remove();
  }
}

const skipped = (step: StepResult['step'], why: string): StepResult => ({
  step,
  state: 'skipped',
  seconds: 0,
  exitCode: exitCodes.done,
  why,
});

/** Installs the packages. */
export function installStep(answers: Answers, place: Workplace): Promise<StepResult> {
  const { packageManager } = answers;
  const name = {
    doing: `Installing packages with ${packageManager}`,
    done: `Installed packages with ${packageManager}`,
  };
  return runStep('install', name, place, async (context) => {
    await install(packageManager, context);
    return {};
  });
}

/** The first folder above that exists: what a repository would be nested in. */
function existingParent(dir: string): string {
  const parent = dirname(dir);
  return existsSync(parent) || parent === dirname(parent) ? parent : existingParent(parent);
}

/** Commits what was generated; inside another work tree only when the flag asked for it. */
export async function gitStep(decision: Decision, place: Workplace, askedFor: boolean): Promise<StepResult> {
  const { screen } = place;
  const outer = existsSync(join(place.dir, '.git'))
    ? undefined
    : await surroundingWorkTree({ cwd: existingParent(place.dir), env: place.terminal.env });
  if (outer !== undefined && !askedFor) {
    const why = `${place.shown} is inside the git repository ${outer}, so none was made in it (--git makes one all the same)`;
    screen.warn(`git: ${why}.`);
    return skipped('git', why);
  }
  const result = await runStep(
    'git',
    { doing: 'Committing to git', done: 'Committed to git' },
    place,
    async (context) => {
      const made = await commitAll(`Create ${decision.answers.name} with create-tenant-app`, context);
      return made.state === 'skipped'
        ? { state: 'skipped', why: made.why }
        : made.identity === 'fallback'
          ? { why: 'fallback' }
          : {};
    },
  );
  if (result.state === 'skipped') screen.note([`Not committed: ${result.why}.`]);
  if (outer !== undefined) screen.note([`It is a repository inside the repository ${outer}.`]);
  if (result.why === 'fallback')
    screen.note(['git knows no user.name and user.email here; the author is "create-tenant-app".']);
  return result;
}

/** Runs the repository's isolation suite and shows its report. */
export async function proofStep(
  answers: Answers,
  mutations: 'policies' | 'all',
  place: Workplace,
): Promise<StepResult> {
  const { screen } = place;
  const name = { doing: 'Attacking the repository to prove isolation', done: 'Attacked the repository' };
  const result = await runStep('verify', name, place, async (context) => {
    const proof = await prove(answers.packageManager, mutations, place.logs.file(reportName), context);
    const { report } = proof;
    return proof.outcome === 'holds'
      ? { report }
      : { report, state: 'failed', exitCode: exitCodes.isolationBroken, why: 'isolation is broken' };
  });
  if (result.report !== undefined) {
    const colours = { '✓': 'green', '✗': 'red', '!': 'yellow' } as const;
    const said = reportLines(result.report).map((line) => inWordsOf(answers.packageManager, line));
    const lines = said.map((line) => {
      const colour = colours[line[0] as keyof typeof colours];
      return colour === undefined ? line : screen.paint(colour, line[0] as string) + line.slice(1);
    });
    screen.note(lines);
    if (result.state === 'failed') screen.note(['', `Whole report: ${place.logs.file(reportName)}`]);
  }
  return result;
}

/** True when the packages of the repository are there. */
export const installed = (answers: Answers, place: Workplace): boolean =>
  isInstalled(place.dir, answers.packageManager);
