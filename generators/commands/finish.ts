import { quote } from '../answers/flags.ts';
import type { Decision } from '../answers/gather.ts';
import { exitCodes, type ExitCode } from '../errors.ts';
import { version } from '../places.ts';
import { failure } from '../verify/report.ts';
import { seconds, type Screen } from './screen.ts';
import { gitStep, installStep, proofStep, withLogs, type StepResult } from './steps.ts';
import { spell, type Terminal } from './terminal.ts';

/** How a run ended after the files were written. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly steps: readonly StepResult[];
}

interface Surface {
  readonly terminal: Terminal;
  readonly screen: Screen;
}

/** The gravest first: broken isolation counts more than a missing proof, that more than a missing commit. */
const gravity: readonly ExitCode[] = [
  exitCodes.isolationBroken,
  exitCodes.notVerified,
  exitCodes.failed,
  exitCodes.done,
];

/** The exit code that several steps have together. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  return gravity.find((code) => codes.includes(code)) ?? exitCodes.done;
}

/** Installs, commits and proves, as far as it was asked for; a failed installation leaves out the proof. */
export async function finish(decision: Decision, gitAskedFor: boolean, surface: Surface): Promise<Outcome> {
  const { answers, steps, dir, shown } = decision;
  const results = await withLogs(async (logs) => {
    const place = { dir, shown, logs, ...surface };
    const results: StepResult[] = [];
    if (steps.install) results.push(await installStep(answers, place));
    const complete = results.every((result) => result.state !== 'failed');
    if (steps.git) results.push(await gitStep(decision, place, gitAskedFor));
    if (steps.verify && complete) results.push(await proofStep(answers, 'policies', place));
    return results;
  });
  return { exitCode: worst(results.map((result) => result.exitCode)), steps: results };
}

/** What came of a run, in one line. */
function verdict(outcome: Outcome, paint: Screen['paint']): string {
  switch (outcome.exitCode) {
    case exitCodes.isolationBroken:
      return paint('red', failure(outcome.steps.find((result) => result.report !== undefined)?.report));
    case exitCodes.notVerified:
      return paint('yellow', 'The repository is complete, but its isolation is not proven yet.');
    case exitCodes.failed:
      return paint('yellow', 'The repository is complete, but a step failed.');
    default:
      return outcome.steps.some((result) => result.report !== undefined)
        ? paint('green', 'Done. Isolation holds.')
        : 'Done. Isolation is not proven yet.';
  }
}

/** The last lines: what came of it, what to do next, and the command that does the same again. */
export function conclude(decision: Decision, outcome: Outcome, command: string, start: number, surface: Surface): void {
  const { screen, terminal } = surface;
  const { shown, answers } = decision;
  const { paint } = screen;
  const states = new Map(outcome.steps.map((result) => [result.step, result.state]));
  const next = [
    ...(shown === '.' ? [] : [`cd ${quote(shown)}`]),
    ...(states.get('install') === 'done' ? [] : [`${answers.packageManager} install`]),
    `${answers.packageManager} run dev`,
  ];
  screen.outro(`${verdict(outcome, paint)} ${paint('dim', seconds(start))}`);
  screen.plain([
    '',
    ...next.map((line) => `   ${line}`),
    ...(states.get('verify') === 'done'
      ? []
      : [
          '',
          // The lines above go elsewhere.
          'Prove the isolation, from the folder that you are in now:',
          '',
          `   ${spell(`create-tenant-app verify ${quote(shown)}`, terminal.env, version)}`,
        ]),
    '',
    'The same again:',
    '',
    `   ${command}`,
  ]);
}
