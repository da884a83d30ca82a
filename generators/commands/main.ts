import { exitCodes } from '../errors.ts';
import { killAll } from '../programs/run.ts';
import { runCli, tellCrash } from './cli.ts';
import { callerFolder, type Terminal } from './terminal.ts';

/** Connects the command line to the process: streams, signals, exit code. */
const controller = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) {
      // Asked twice: stop at once.
      killAll();
      process.exit(exitCodes.interrupted);
    }
    controller.abort();
  });
}

// A reader that goes away, such as `| head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Until the run reports otherwise it counts as failed, also when the process ends before that.
process.exitCode = exitCodes.failed;
const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: callerFolder(process.env, process.cwd()),
  env: process.env,
  signal: controller.signal,
};

process.on('uncaughtException', (error) => {
  killAll();
  process.exit(tellCrash(error, terminal));
});

process.on('exit', () => {
  if (process.stdout.isTTY) process.stdout.write('\x1b[?25h'); // the cursor, wherever the run ended
});

void runCli(process.argv.slice(2), terminal).then((code) => {
  process.exitCode = code;
});
