import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
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
  /** The folder with the JavaScript of src/, as the application's build compiles it. */
  readonly compiled: () => Promise<string>;
  /** Loads a module of the repository; those below src/ compiled. What it exports has the shape that the caller says. */
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
  let compilation: Promise<string> | undefined;
  const compiled = () => (compilation ??= compile(dir));
  const load = async <Module>(path: string) => {
    const file = path.startsWith('src/') ? join(await compiled(), path.replace(/\.ts$/, '.js')) : join(dir, path);
    return (await import(pathToFileURL(file).href)) as Module;
  };
  return { dir, tree, compiled, load, pg: createRequire(join(dir, 'package.json'))('pg') as typeof pg };
}

/**
 * Production runs the application as esbuild makes it; what runs TypeScript on the way here would give every function its name anew whenever it is made, which is a good part of a statement.
 */
async function compile(dir: string): Promise<string> {
  const compiled = join(dir, 'compiled');
  const files = await readdir(join(dir, 'src'), { recursive: true });
  await build({
    entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => join(dir, 'src', file)),
    outbase: dir,
    outdir: compiled,
    bundle: true,
    splitting: true, // What modules share, they share here too.
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  });
  return compiled;
}

async function makeFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bench-'));
  await chmod(made, 0o711); // for the user that PostgreSQL runs as
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
