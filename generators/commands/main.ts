import { exitCodes } from '../errors.ts';
import { killAll } from '../programs/run.ts';
import { runCli } from './cli.ts';
import { callerFolder } from './terminal.ts';

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
void runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: callerFolder(process.env, process.cwd()),
  env: process.env,
  signal: controller.signal,
}).then((code) => {
  process.exitCode = code;
});
