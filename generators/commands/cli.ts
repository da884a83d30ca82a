import { Command, CommanderError } from 'commander';
import { addFlags, choicesFromFlags } from '../answers/flags.ts';
import { writeCrashLog } from '../disk/log.ts';
import { exitCodes, interrupted, TenantAppError, usageError, type ExitCode } from '../errors.ts';
import { version } from '../places.ts';
import { createScreen } from './screen.ts';
import { spell, type Terminal } from './terminal.ts';

type Parsed = Record<string, unknown>;

const examples = `
Examples:
  create-tenant-app my-saas                  asks, generates, installs, commits, proves
  create-tenant-app my-saas --yes            takes the defaults
  create-tenant-app my-saas --yes --dry-run  shows what it would write
  create-tenant-app verify my-saas           proves it again

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not verified, 4 isolation broken, 130 interrupted`;

/** The command line, bound to a terminal. Its actions report their exit code. */
function program(terminal: Terminal, report: (code: ExitCode) => void): Command {
  const root = new Command('create-tenant-app')
    .description('Generates a multi-tenant SaaS repository and proves that no tenant can see the data of another.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: () => undefined, // the message is shown with its next steps, as every other error
      getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? 80, 100),
    })
    .enablePositionalOptions();

  addFlags(root.argument('[dir]', 'folder of the new repository; its last part is the name'))
    .option('--config <file|->', 'answers from a JSON file or a tenant-app.json, - for standard input')
    .option('--yes', 'take the default for everything that is not given')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--diff', 'with --dry-run: the contents, as a patch')
    .option('--json', 'the result as JSON on standard output; never asks')
    .allowExcessArguments(false)
    .addHelpText('after', examples)
    .action(async (dir: string | undefined, options: Parsed) => {
      const { create } = await import('./create.ts');
      const on = (name: string): boolean => options[name] === true;
      if (on('diff') && !on('dryRun')) {
        throw usageError('diff-needs-dry-run', '--diff shows what a dry run would write.', ['Add --dry-run.']);
      }
      const request = {
        dir,
        flags: choicesFromFlags(options),
        config: options['config'] as string | undefined,
        yes: on('yes'),
        dryRun: on('dryRun'),
        diff: on('diff'),
        json: on('json'),
      };
      report(await create(request, terminal));
    });

  root
    .command('verify')
    .description('prove the isolation of a repository that was generated')
    .argument('[dir]', 'its folder', '.')
    .option('--mutations', 'sabotage every defence, not only the policies')
    .option('--json', 'the result as JSON on standard output')
    .allowExcessArguments(false)
    .action(async (dir: string, options: Parsed) => {
      const { verify } = await import('./verify.ts');
      report(await verify({ dir, mutations: options['mutations'] === true, json: options['json'] === true }, terminal));
    });

  root
    .command('add')
    .description('add a module to a repository (not available yet)')
    .argument('[what...]')
    .allowUnknownOption()
    .action(() => {
      throw usageError('not-available', '"add module" is not available yet.', [
        'Copy the module projects of your repository: its table, its folder in src/modules, its tests.',
      ]);
    });
  return root;
}

/** Runs the command line and returns its exit code. Whatever goes wrong is told on standard error. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done;
  try {
    await program(terminal, (code) => (exitCode = code)).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done; // --help, --version
    return tell(toTenantAppError(error), terminal);
  }
}

/** The same for an error that no promise carried: what a stream or a timer threw. */
export function tellCrash(error: unknown, terminal: Terminal): ExitCode {
  return tell(toTenantAppError(error), terminal);
}

function toTenantAppError(error: unknown): TenantAppError {
  if (error instanceof TenantAppError) return error;
  if (error instanceof Error && error.name === 'AbortError') return interrupted('Interrupted. Nothing was written.');
  if (error instanceof CommanderError) {
    const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
    const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}`.replace(/\.?$/, '.');
    return usageError(error.code, sentence, [...hints, 'All flags: create-tenant-app --help']);
  }
  const message = `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`;
  return new TenantAppError('unexpected', message, [
    `This is a mistake in create-tenant-app. Details: ${writeCrashLog(error)}`,
  ]);
}

/** Shows an error and the next steps, spelled as this command was called. */
function tell(error: TenantAppError, terminal: Terminal): ExitCode {
  const { paint } = createScreen(terminal.stderr, terminal.env);
  const colour = error.exitCode === exitCodes.interrupted ? 'yellow' : 'red';
  const swallowed = error.code === 'missing-flag' && terminal.env['npm_config_yes'] === 'true';
  const hint = swallowed
    ? ['npm kept the flags to itself; give them after --: npm run create -- ../my-saas --yes']
    : [];
  const next = [...error.next, ...hint].map(
    (line) => `  ${spell(line, terminal.env, version)}
`,
  );
  terminal.stderr.write(`${paint(colour, error.message)}\n${next.join('')}`);
  return error.exitCode;
}
