import { writeFileSync } from 'node:fs';
import { type Arguments, parseArguments, usage, UsageError } from '../test/isolation/arguments.ts';
import { type Report, SuiteError } from '../test/isolation/finding.ts';
import { htmlReport } from '../test/isolation/report/html.ts';
import { jsonFailure, jsonReport } from '../test/isolation/report/json.ts';
import { junitReport } from '../test/isolation/report/junit.ts';
import { terminalReport } from '../test/isolation/report/terminal.ts';
import { runSuite } from '../test/isolation/run.ts';
import { scriptArguments } from './arguments.ts';
import { loadEnvironment } from './environment.ts';

const exitCodes: Readonly<Record<Report['result'], number>> = { isolated: 0, incomplete: 1, broken: 4 };
const failed = 1;
const wrongUsage = 2;

async function main(): Promise<number> {
  let options: Arguments;
  try {
    options = parseArguments(scriptArguments());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return wrongUsage;
  }
  try {
    const report = await runSuite(options, loadEnvironment(), showProgress);
    showProgress('');
    console.log(terminalReport(report));
    write(options.json, jsonReport(report));
    write(options.junit, junitReport(report));
    write(options.html, htmlReport(report));
    return exitCodes[report.result];
  } catch (error) {
    showProgress('');
    const { message, stack } = error as Error;
    console.error(error instanceof SuiteError ? message : `The isolation suite could not run: ${stack}`);
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

process.exitCode = await main();
