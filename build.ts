/**
 * Makes dist/: the command bundled with its packages, each layer's facts and its files with their templates compiled, and
 * the presets. An installation has no dependencies then. Usage: npx tsx build.ts
 */
import { build, type Metafile, type Plugin } from 'esbuild';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { compilation } from './generators/engine/render.ts';
import { builtSources, readSources, type Source } from './generators/engine/sources.ts';

const out = 'dist';
rmSync(out, { recursive: true, force: true });

/** node-plop imports inquirer, which asks nothing here: clack does. Leaving it out saves 0.4 s at every start. */
const withoutInquirer: Plugin = {
  name: 'without-inquirer',
  setup(build) {
    build.onResolve({ filter: /^inquirer$/ }, () => ({ path: 'inquirer', namespace: 'stub' }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'export default { prompt: { prompts: {} }, registerPrompt() {}, createPromptModule() {} };',
    }));
  },
};

/** Templates are compiled below: what renders them is enough, and plop renders nothing. */
const withoutCompiler: Plugin = {
  name: 'without-compiler',
  setup(build) {
    const path = createRequire(import.meta.url).resolve('handlebars/runtime');
    build.onResolve({ filter: /^handlebars$/ }, () => ({ path }));
  },
};

/** What Zod says in other languages is half of it; the command speaks English. */
const inEnglish: Plugin = {
  name: 'in-english',
  setup(build) {
    build.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

const shared = { bundle: true, platform: 'node', logLevel: 'warning' } as const;

const main = await build({
  ...shared,
  entryPoints: { main: 'generators/commands/main.ts' },
  outdir: out,
  format: 'esm',
  target: 'node20.19',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  plugins: [withoutInquirer, withoutCompiler, inEnglish],
  // CommonJS packages call require, which a module does not have.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

// The entry is ES5 without import(), which Node before 10 cannot even parse: it says its one line there.
await build({
  ...shared,
  entryPoints: { 'create-tenant-app': 'bin/create-tenant-app.ts' },
  outdir: out,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  target: 'es5',
  supported: { 'dynamic-import': false },
  plugins: [
    {
      name: 'start-later',
      setup(build) {
        build.onResolve({ filter: /commands\/main\.ts$/ }, () => ({ path: './start.cjs', external: true }));
      },
    },
  ],
});
writeFileSync(join(out, 'start.cjs'), "import('./main.js');\n");

/** The folders below templates that hold a layer. */
function layers(folder: string): string[] {
  if (existsSync(join(folder, 'layer.ts'))) return [folder];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => layers(join(folder, entry.name)));
}

/** A module that holds the files of a layer. */
function moduleOf(sources: readonly (Source & { readonly content: string })[]): string {
  const entries = sources.map(({ path, executable, content }) => {
    const built = path.endsWith('.hbs') ? String(Handlebars.precompile(content, compilation)) : JSON.stringify(content);
    return `{ path: ${JSON.stringify(path)}, executable: ${executable}, content: ${built} }`;
  });
  return `export const sources = [\n${entries.join(',\n')}\n];\n`;
}

for (const layer of layers('templates')) {
  await build({
    ...shared,
    entryPoints: [join(layer, 'layer.ts')],
    outfile: join(out, layer, 'layer.js'),
    format: 'esm',
  });
  writeFileSync(join(out, layer, builtSources), moduleOf(await readSources(join(layer, 'files'))));
}
cpSync('presets', join(out, 'presets'), { recursive: true });

/** The licences of the packages that the bundle contains. */
function licences(metafile: Metafile): string {
  const folders = new Set<string>();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found?.[1] !== undefined) folders.add(found[1]);
  }
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
        string,
        string
      >;
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

writeFileSync(join(out, 'THIRD-PARTY-LICENCES.txt'), licences(main.metafile));
