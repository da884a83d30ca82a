import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Answers } from '../answers/options.ts';
import { exitCodes, TenantAppError } from '../errors.ts';
import { run, type Program } from './run.ts';

type PackageManager = Answers['packageManager'];

/** The package manager that runs this command, as it says in its user agent (`pnpm/10.2.0 npm/? node/...`). */
export function callingPackageManager(env: NodeJS.ProcessEnv): PackageManager {
  return env['npm_config_user_agent']?.startsWith('pnpm/') ? 'pnpm' : 'npm';
}

/** The arguments that install everything, in silence about what is no concern of a new repository. */
const installArguments: Readonly<Record<PackageManager, readonly string[]>> = {
  npm: ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=warn'],
  pnpm: ['install', '--prod=false'],
};

/** How to get it, for whoever does not have it. */
export const howToGet: Readonly<Record<PackageManager, string>> = {
  npm: 'it comes with Node',
  pnpm: 'npm install --global pnpm@10',
};

/** npm writes this file last, so it tells a complete installation from one that was interrupted. */
const lastFile: Readonly<Record<PackageManager, string>> = {
  npm: 'node_modules/.package-lock.json',
  pnpm: 'node_modules/.modules.yaml',
};

/** True when the package manager can be started. */
export async function hasPackageManager(
  name: PackageManager,
  context: Pick<Program, 'cwd' | 'env' | 'signal'>,
): Promise<boolean> {
  return (await run({ command: name, args: ['--version'], ...context })).code === 0;
}

/** True when the packages of the repository are complete. */
export function isInstalled(dir: string, name: PackageManager): boolean {
  return existsSync(join(dir, lastFile[name]));
}

/** Why an installation failed, in words, from what the package manager printed. */
export function installProblem(output: string): {
  readonly code: string;
  readonly message: string;
  readonly next: string;
} {
  if (/ENOSPC|no space left on device/i.test(output)) {
    return { code: 'disk-full', message: 'the disk is full', next: 'Make room' };
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network|socket hang up/i.test(
      output,
    )
  ) {
    return {
      code: 'no-network',
      message: 'the registry cannot be reached',
      next: 'Check the network or the registry setting',
    };
  }
  if (/EACCES|EPERM/.test(output)) {
    return { code: 'no-permission', message: 'something may not be written', next: 'See the log' };
  }
  return { code: 'install-failed', message: 'the package manager reported an error', next: 'See the log' };
}

/** Installs the packages of the repository. The repository stays as it is when that fails. */
export async function install(
  name: PackageManager,
  context: Pick<Program, 'cwd' | 'env' | 'log' | 'signal' | 'onLine'>,
): Promise<void> {
  const { code, output } = await run({ command: name, args: installArguments[name], ...context });
  if (code === 0) return;
  const problem = installProblem(output);
  throw new TenantAppError(
    problem.code,
    `Packages were not installed: ${problem.message}.`,
    [problem.next],
    exitCodes.notVerified,
  );
}
