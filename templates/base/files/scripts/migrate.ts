import { parseArgs } from 'node:util';
import { counted } from '../src/counted.ts';
import { migrate, MigrationError } from '../src/platform/migrations.ts';
import { TenancyError } from '../src/tenancy/errors.ts';
import { whyUnreachable } from '../src/tenancy/why-unreachable.ts';
import { runScript, UsageError } from './arguments.ts';
import { databaseUrlProblem, loadEnvironment, whoseDatabase } from './environment.ts';
import { createProgressBar } from './migrate/progress-bar.ts';
import { outliveReaders } from './streams.ts';

const usage = 'usage: npm run db:migrate [-- [--tenant <slug>] [--workers <n>] [--dry-run] [--json]]';

async function run({ json, ...options }: ReturnType<typeof parse>): Promise<number> {
  const environment = loadEnvironment();
  const { DATABASE_ADMIN_URL: adminUrl = '' } = environment;
  const problem =
    adminUrl === ''
      ? 'DATABASE_ADMIN_URL is not set. Next: name a role with CREATEROLE that owns the database, or start one with npm run dev.'
      : databaseUrlProblem(environment, ['DATABASE_ADMIN_URL', 'DATABASE_URL', 'DATABASE_PLATFORM_URL']);
  if (problem !== undefined) {
    console.error(problem);
    return 1;
  }
  const bar = process.stdout.isTTY === true && !json ? createProgressBar(process.stdout) : undefined;
  try {
    const steps: string[] = [];
    const warnings: string[] = [];
    const onWarning = (line: string) => {
      warnings.push(line);
      bar?.clear();
      console.error(line);
    };
    const onStep = (line: string) => {
      steps.push(line);
      bar?.clear();
      if (!json) console.log(line);
    };
    const applied = await migrate({
      ...options,
      adminUrl,
      environment,
      onStep,
      onWarning,
      ...(bar !== undefined && { onProgress: bar.show }),
    });
    bar?.end();
    if (json) console.log(JSON.stringify({ applied, steps, warnings }));
    else if (!options.dryRun || steps.length === 0) console.log(summary(applied.length, warnings.length));
    return 0;
  } catch (error) {
    bar?.end();
    const message = explain(error);
    if (json) console.log(JSON.stringify({ error: message }));
    console.error(message);
    return 1;
  }
}

function summary(applied: number, warnings: number): string {
  if (applied > 0) return `${counted(applied, 'migration')} applied`;
  return warnings > 0 ? 'nothing to apply' : 'up to date';
}

function explain(error: unknown): string {
  if (error instanceof MigrationError || error instanceof TenancyError) return error.message;
  const unreachable = whyUnreachable(error, 'DATABASE_ADMIN_URL');
  if (unreachable !== undefined) return `${unreachable}${whoseDatabase()}`;
  return `The migrations stopped: ${(error as Error).message}`;
}

function parse(given: string[]) {
  const {
    json,
    tenant,
    workers,
    'dry-run': dryRun,
  } = parseArgs({
    args: given,
    options: {
      json: { type: 'boolean', default: false },
      tenant: { type: 'string' },
      workers: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
    },
  }).values;
  if (tenant === '') throw new UsageError('--tenant takes a slug.');
  if (workers !== undefined && !/^[1-9]\d?$/.test(workers)) throw new UsageError('--workers is a number from 1 to 99.');
  return {
    json,
    dryRun,
    ...(tenant !== undefined && { tenant }),
    ...(workers !== undefined && { workers: Number(workers) }),
  };
}

outliveReaders();
process.exitCode = await runScript(usage, parse, run);
