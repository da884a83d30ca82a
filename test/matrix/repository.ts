import { createHash } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { applyChanges } from '../../generators/disk/apply.ts';
import { inspectTarget } from '../../generators/disk/target.ts';
import type { Answers } from '../../generators/answers/options.ts';
import { planChanges } from '../../generators/engine/changes.ts';
import { inWordsOf } from '../../generators/engine/package-manager.ts';
import { toTree, type Tree } from '../../generators/engine/tree.ts';
import { run } from '../../generators/programs/run.ts';
import { packagesOf } from './packages.ts';

/** A combination and what it generates. */
export interface Combination {
  readonly answers: Answers;
  readonly tree: Tree;
}

/** What the compiler and the linter read of a tree: equal for repositories that differ in words about their package manager only. */
export function sourceOf(tree: Tree): string {
  const hash = createHash('sha256').update(packagesOf(tree));
  for (const { path, content } of tree.values()) {
    const read = path.endsWith('.ts') || ['tsconfig.json', '.oxlintrc.json'].includes(path);
    if (read) hash.update(`\0${path}\0${inWordsOf('pnpm', content)}`);
  }
  return hash.digest('hex');
}

/** A tree as a checkout on Windows may have it. */
export function withCarriageReturns(tree: Tree): Tree {
  return toTree([...tree.values()].map((file) => ({ ...file, content: file.content.replaceAll('\n', '\r\n') })));
}

export async function writeRepository(dir: string, tree: Tree): Promise<void> {
  await applyChanges(inspectTarget(dir), planChanges(new Map(), tree));
}

/** Compiler and linter are written in Go, and end before what they leave in memory is worth collecting: a third of their time. */
const uncollected = 'GOGC=off GOMEMLIMIT=3GiB';

/** Runs a script of the repository's package.json, without the start-up time of a package manager. Throws its output when it fails. */
export async function runScript(dir: string, tree: Tree, script: string, more = ''): Promise<void> {
  const { scripts } = JSON.parse(tree.get('package.json')?.content ?? '{}') as { scripts: Record<string, string> };
  const command = scripts[script] ?? `echo there is no script ${script}; exit 1;`;
  const environment = ['typecheck', 'lint'].includes(script) ? uncollected : '';
  await runCommand(dir, `${environment} ${command} ${more}`);
}

/** Runs a command in the repository with its programs at hand, and returns what it printed. */
export async function runCommand(dir: string, command: string): Promise<string> {
  const PATH = `${join(dir, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`;
  const { code, output } = await run({ command: 'sh', args: ['-c', command], cwd: dir, env: { ...process.env, PATH } });
  if (code !== 0) throw new Error(`${command} (exit ${code})\n${output}`);
  return output;
}
