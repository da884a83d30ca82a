import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './environment.ts';

const outdir = join(root, 'dist');
await rm(outdir, { recursive: true, force: true });

/** One file with everything in it: it starts faster than a tree of modules, and an image needs no node_modules. */
const result = await build({
  entryPoints: [join(root, 'src/server.ts')],
  outfile: join(outdir, 'server.js'),
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

const [size] = Object.entries(result.metafile.outputs)
  .filter(([path]) => path.endsWith('.js'))
  .map(([, output]) => output.bytes);
console.log(`dist/server.js, ${Math.round((size ?? 0) / 1024)} KiB. Next: npm start`);
