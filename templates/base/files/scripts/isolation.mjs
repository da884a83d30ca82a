import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// The isolation suite, out of one file: to import its modules one by one would take longer than most of its attacks.

const root = join(import.meta.dirname, '..');
const {
  outputFiles: [bundle],
} = await build({
  entryPoints: [join(root, 'test/isolation/main.ts')],
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  write: false,
  logLevel: 'error',
});

// Where the files of the repository are found from as they are from scripts/.
const folder = join(root, '.data');
const path = join(folder, 'isolation.js');
await mkdir(folder, { recursive: true });
// In one step, for another run may be reading it.
await writeFile(`${path}.${process.pid}`, bundle.contents);
await rename(`${path}.${process.pid}`, path);

process.setSourceMapsEnabled(true);
await import(pathToFileURL(path).href);
