import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Answers } from '../../generators/answers/options.ts';
import { toTree, type Tree } from '../../generators/engine/tree.ts';
import { hasPackageManager, install } from '../../generators/programs/package-manager.ts';
import { run } from '../../generators/programs/run.ts';

type PackageManager = Answers['packageManager'];

/** The files that decide what is installed. */
const decisive = ['package.json', 'pnpm-workspace.yaml', '.npmrc'];

interface Dependencies {
  readonly dependencies?: object;
  readonly devDependencies?: object;
}

const manifestOf = (tree: Tree): Dependencies => JSON.parse(tree.get('package.json')?.content ?? '{}') as Dependencies;

/** What is installed for a tree, as text. */
export function packagesOf(tree: Tree): string {
  const { dependencies, devDependencies } = manifestOf(tree);
  return JSON.stringify({ dependencies, devDependencies });
}

/** A tree that depends on whatever one of these depends on: one installation for all of them. */
export function withEveryPackage(trees: readonly Tree[]): Tree {
  const manifests = trees.map(manifestOf);
  const every = (key: keyof Dependencies): object => Object.assign({}, ...manifests.map((manifest) => manifest[key]));
  const content = JSON.stringify({
    private: true,
    dependencies: every('dependencies'),
    devDependencies: every('devDependencies'),
  });
  return toTree([{ path: 'package.json', content, executable: false }]);
}

/** Installs every set of packages once, below a folder, and links it into the repositories that need it. */
export function createPackages(folder: string): {
  readonly link: (tree: Tree, manager: PackageManager, dir: string) => Promise<void>;
  readonly installed: () => number;
} {
  const sets = new Map<string, Promise<string>>();
  let last: Promise<unknown> = Promise.resolve();

  async function installInto(dir: string, tree: Tree, manager: PackageManager): Promise<string> {
    await mkdir(dir, { recursive: true });
    for (const path of decisive) {
      const file = tree.get(path);
      if (file !== undefined) await writeFile(join(dir, path), file.content);
    }
    const env = await withManager(manager, folder);
    await install(manager, { cwd: dir, env });
    return join(dir, 'node_modules');
  }

  return {
    link: async (tree, manager, dir) => {
      const id = createHash('sha256')
        .update(`${manager} ${packagesOf(tree)}`)
        .digest('hex')
        .slice(0, 12);
      let packages = sets.get(id);
      if (packages === undefined) {
        // One after the other: they would only share the processors and the network.
        packages = last.then(() => installInto(join(folder, id), tree, manager));
        last = packages.catch(() => undefined);
        sets.set(id, packages);
      }
      await symlink(await packages, join(dir, 'node_modules'));
    },
    installed: () => sets.size,
  };
}

/** An environment in which the package manager can be started; it is installed below the folder when the machine has none. */
async function withManager(manager: PackageManager, folder: string): Promise<NodeJS.ProcessEnv> {
  const { env } = process;
  if (await hasPackageManager(manager, { cwd: folder, env })) return env;
  const own = join(folder, manager);
  const bin = join(own, 'node_modules/.bin');
  if (!existsSync(bin)) {
    await mkdir(dirname(own), { recursive: true });
    // The last line that runs on Node 20.
    const args = ['install', '--prefix', own, '--no-save', '--no-package-lock', `${manager}@10`];
    const { code, output } = await run({ command: 'npm', args, cwd: folder, env });
    if (code !== 0) throw new Error(`${manager} was not installed:\n${output}`);
  }
  return { ...env, PATH: `${bin}${delimiter}${env['PATH']}` };
}
