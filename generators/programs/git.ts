import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { TenantAppError } from '../errors.ts';
import { run, type Program } from './run.ts';

/** What was done about git, and why not when nothing was. */
export type GitResult =
  | { readonly state: 'committed'; readonly branch: string; readonly identity: 'own' | 'fallback' }
  | { readonly state: 'skipped'; readonly why: string };

type Context = Pick<Program, 'cwd' | 'env' | 'log' | 'signal'>;

/** Used for the first commit only, when git knows no name: it refuses to commit without one. */
const fallbackIdentity = ['-c', 'user.name=create-tenant-app', '-c', 'user.email=create-tenant-app@localhost'];

/** True when git can be started. */
export async function hasGit(context: Context): Promise<boolean> {
  return (await run({ command: 'git', args: ['--version'], ...context })).code === 0;
}

/** The work tree that a folder lies in; undefined outside of any. */
export async function surroundingWorkTree(context: Context): Promise<string | undefined> {
  const { code, output } = await run({ command: 'git', args: ['rev-parse', '--show-toplevel'], ...context });
  return code === 0 ? output.trim() : undefined;
}

async function git(args: readonly string[], context: Context): Promise<string> {
  const { code, output } = await run({ command: 'git', args, ...context });
  if (code === 0) return output.trim();
  throw new TenantAppError(
    'git-failed',
    `git ${args.find((word) => !word.startsWith('-') && !word.includes('='))} failed.`,
    [output.trim().split('\n').slice(-4).join('\n')],
  );
}

const configured = async (key: string, context: Context): Promise<boolean> =>
  (await run({ command: 'git', args: ['config', '--get', key], ...context })).code === 0;

/** True when git can name the author or committer, from its configuration or the environment. */
const knows = async (identity: string, context: Context): Promise<boolean> =>
  (await run({ command: 'git', args: ['var', identity], ...context })).code === 0;

/** Makes a repository in the folder, unless it is one, and commits everything in it. A repository with commits is left alone. */
export async function commitAll(message: string, context: Context): Promise<GitResult> {
  if (!existsSync(join(context.cwd, '.git'))) {
    const branch = (await configured('init.defaultBranch', context)) ? [] : ['--initial-branch=main'];
    await git(['init', '--quiet', ...branch], context);
  } else if (
    (await run({ command: 'git', args: ['rev-parse', '--verify', '--quiet', 'HEAD'], ...context })).code === 0
  ) {
    return { state: 'skipped', why: 'the folder is a git repository with commits already; commit the files yourself' };
  }
  await git(['add', '--all'], context);
  const own = (await knows('GIT_AUTHOR_IDENT', context)) && (await knows('GIT_COMMITTER_IDENT', context));
  // A key with a passphrase or a hook of a template would stop here and wait.
  await git(
    [...(own ? [] : fallbackIdentity), 'commit', '--quiet', '--no-verify', '--no-gpg-sign', `--message=${message}`],
    context,
  );
  const branch = await git(['branch', '--show-current'], context);
  return { state: 'committed', branch, identity: own ? 'own' : 'fallback' };
}
