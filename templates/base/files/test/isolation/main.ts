import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { runScript } from '../../scripts/arguments.ts';
import { loadEnvironment } from '../../scripts/environment.ts';
import { outliveReaders } from '../../scripts/streams.ts';
import { MigrationError } from '../../src/platform/migrations.ts';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { obey } from './beside.ts';
import { type Report, SuiteError } from './finding.ts';
import { htmlReport } from './report/html.ts';
import { jsonFailure, jsonReport } from './report/json.ts';
import { junitReport } from './report/junit.ts';
import { terminalReport } from './report/terminal.ts';
import { runSuite } from './run.ts';

const exitCodes: Readonly<Record<Report['result'], number>> = { isolated: 0, incomplete: 1, broken: 4 };
const failed = 1;
const interrupted = 130;

type Environment = ReturnType<typeof loadEnvironment>;

async function run(options: Arguments, environment: Environment): Promise<number> {
  try {
    const report = await runSuite(options, environment, showProgress);
    showProgress('');
    console.log(terminalReport(report));
    write(options.json, jsonReport(report));
    write(options.junit, junitReport(report));
    write(options.html, htmlReport(report));
    return exitCodes[report.result];
  } catch (error) {
    showProgress('');
    const { message, stack } = error as Error;
    const isTheirs = error instanceof SuiteError || error instanceof MigrationError;
    console.error(isTheirs ? message : `The isolation suite could not run: ${stack}`);
    write(options.json, jsonFailure(message));
    return failed;
  }
}

/** One line that is written over, where somebody watches. */
function showProgress(what: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${what === '' ? '' : `${what}...`}`);
}

function write(path: string | undefined, content: string): void {
  if (path !== undefined) writeFileSync(path, content);
}

if (isMainThread) {
  outliveReaders();
  // With exit(), which stops the server that was started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(interrupted));
  const environment = loadEnvironment();
  process.exitCode = await runScript(
    usage,
    (given) => parseArguments(given, environment),
    (options) => run(options, environment),
  );
} else {
  await obey();
}
