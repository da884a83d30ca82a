import { execFileSync } from 'node:child_process';

/** The commit that is checked out, and whether files differ from it; undefined outside of git. */
export function readCommit(): string | undefined {
  try {
    const commit = git('rev-parse', 'HEAD');
    return git('status', '--porcelain') === '' ? commit : `${commit}, with changes that are not committed`;
  } catch {
    return undefined;
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
