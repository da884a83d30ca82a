import { resolve } from 'node:path';
import { quote } from '../answers/flags.ts';
import { readManifest } from '../disk/repository.ts';
import { TenantAppError, exitCodes, type ExitCode } from '../errors.ts';
import { version } from '../places.ts';
import { hasPackageManager, howToGet } from '../programs/package-manager.ts';
import { worst } from './finish.ts';
import { failure } from '../verify/report.ts';
import { createScreen, seconds } from './screen.ts';
import { installed, installStep, proofStep, withLogs } from './steps.ts';
import { called, type Terminal } from './terminal.ts';

export interface VerifyRequest {
  /** The folder as it was typed. */
  readonly dir: string;
  /** Sabotage every defence, not only the policies. */
  readonly mutations: boolean;
  readonly json: boolean;
}

/** Proves the isolation of a repository that exists; installs its packages first when they are missing or incomplete. */
export async function verify(request: VerifyRequest, terminal: Terminal): Promise<ExitCode> {
  const dir = resolve(terminal.cwd, request.dir);
  const { answers } = await readManifest(dir, request.dir);
  const screen = createScreen(request.json ? terminal.stderr : terminal.stdout, terminal.env);
  const start = performance.now();
  if (!(await hasPackageManager(answers.packageManager, terminal))) {
    throw new TenantAppError('package-manager-missing', `${answers.packageManager} cannot be started.`, [
      `Install it (${howToGet[answers.packageManager]}), then run this again.`,
    ]);
  }
  screen.intro(`${screen.paint('bold', 'create-tenant-app verify')} ${screen.paint('dim', version)}`);
  const steps = await withLogs(async (logs) => {
    const place = { dir, shown: request.dir, terminal, screen, logs };
    const installation = installed(answers, place) ? [] : [await installStep(answers, place)];
    if (installation.some((step) => step.state === 'failed')) return installation;
    return [...installation, await proofStep(answers, request.mutations ? 'all' : 'policies', place)];
  });
  const exitCode = worst(steps.map((step) => step.exitCode));
  if (request.json) {
    const command = [
      called(terminal.env, version),
      'verify',
      quote(request.dir),
      ...(request.mutations ? ['--mutations'] : []),
    ].join(' ');
    terminal.stdout.write(`${JSON.stringify({ dir, answers, command, result: { exitCode, steps } }, null, 2)}\n`);
  }
  const verdicts: Partial<Record<ExitCode, string>> = {
    [exitCodes.done]: screen.paint('green', 'Isolation holds.'),
    [exitCodes.isolationBroken]: screen.paint('red', failure(steps.at(-1)?.report)),
    [exitCodes.notVerified]: screen.paint('yellow', 'Isolation is not proven.'),
  };
  screen.outro(`${verdicts[exitCode] ?? 'Failed.'} ${screen.paint('dim', seconds(start))}`);
  return exitCode;
}
