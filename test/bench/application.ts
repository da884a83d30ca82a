import { chmod, mkdtemp } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import type { Answers } from '../../generators/answers/options.ts';
import { generate } from '../../generators/engine/generate.ts';
import type { Tree } from '../../generators/engine/tree.ts';
import { createPackages } from '../matrix/packages.ts';
import { writeRepository } from '../matrix/repository.ts';

/** A generated repository with its packages installed. */
export interface Application {
  readonly dir: string;
  readonly tree: Tree;
  /** Loads a module of the repository. What it exports has the shape that the caller says. */
  readonly load: <Module>(path: string) => Promise<Module>;
  /** The repository's own pg, so that both sides of a comparison run on one. */
  readonly pg: typeof pg;
}

let folder: Promise<string> | undefined;
let packages: ReturnType<typeof createPackages> | undefined;

/** Generates a repository below a folder that goes with this process; equal packages are installed once. */
export async function createApplication(answers: Partial<Answers> & { readonly name: string }): Promise<Application> {
  folder ??= makeFolder();
  const root = await folder;
  packages ??= createPackages(root);
  const tree = await generate({
    preset: 'default',
    framework: 'fastify',
    strategy: ['shared-schema'],
    resolution: ['jwt', 'api-key'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
    ...answers,
  });
  const dir = join(root, answers.name);
  await writeRepository(dir, tree);
  await packages.link(tree, answers.packageManager ?? 'npm', dir);
  const load = async <Module>(path: string) => (await import(pathToFileURL(join(dir, path)).href)) as Module;
  return { dir, tree, load, pg: createRequire(join(dir, 'package.json'))('pg') as typeof pg };
}

async function makeFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bench-'));
  await chmod(made, 0o711); // for the user that PostgreSQL runs as
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
