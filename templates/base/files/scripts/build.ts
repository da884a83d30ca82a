import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { parseNothing, runScript } from './arguments.ts';
import { root } from './environment.ts';

/** Files with everything in them: they start faster than a tree of modules, and an image needs no node_modules. */
async function bundle(): Promise<number> {
  const outdir = join(root, 'dist');
  await rm(outdir, { recursive: true, force: true });

  const result = await build({
    entryPoints: ['src/server.ts', 'scripts/migrate.ts', 'scripts/tenant.ts'].map((path) => join(root, path)),
    entryNames: '[name]',
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    legalComments: 'linked',
    metafile: true,
    // Optional native parts of pg that are not installed.
    external: ['pg-native', 'cloudflare:sockets'],
    // Packages in CommonJS call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });

  for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
    if (path.endsWith('.js')) console.log(`dist/${basename(path)}, ${Math.round(bytes / 1024)} KiB`);
  }
  console.log('Next: npm start');
  return 0;
}

process.exitCode = await runScript('usage: npm run build', parseNothing, bundle);
