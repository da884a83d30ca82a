import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { dataDirectory, root } from '../../scripts/environment.ts';

/** Scripts in one file each, which start in a third of the time. */
export interface BundledScripts {
  /** The bundle of a script, which is named from the root of the repository. */
  readonly pathOf: (script: string) => string;
  readonly remove: () => Promise<void>;
}

export async function bundleScripts(...scripts: readonly string[]): Promise<BundledScripts> {
  const run = randomBytes(4).toString('hex');
  // Where the files of the repository are found from as they are from scripts/.
  const pathOf = (script: string) => join(dataDirectory, `${basename(script, '.ts')}-${run}.js`);
  await build({
    entryPoints: scripts.map((script) => ({ in: join(root, script), out: basename(pathOf(script), '.js') })),
    outdir: dataDirectory,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
  return {
    pathOf,
    remove: async () => void (await Promise.all(scripts.map((script) => rm(pathOf(script), { force: true })))),
  };
}
