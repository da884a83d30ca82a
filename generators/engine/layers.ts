import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Answers } from '../answers/options.ts';
import { gatherFacts } from './facts.ts';
import type { Layer } from './layer.ts';
import type { Render } from './render.ts';
import { collectTree, type Tree, type TreeFile } from './tree.ts';

/** Finds every layer below the templates folder: a folder with a layer.ts (layer.js once built). */
export async function loadLayers(templates: string, folder = ''): Promise<Layer[]> {
  const entries = await readdir(join(templates, folder), { withFileTypes: true });
  const facts = entries.find((entry) => entry.name === 'layer.ts' || entry.name === 'layer.js');
  if (facts !== undefined) {
    const module = await import(pathToFileURL(join(templates, folder, facts.name)).href);
    return [module.default as Layer];
  }
  const below: Layer[] = [];
  for (const entry of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    below.push(...(await loadLayers(templates, join(folder, entry.name))));
  }
  return below;
}

async function listFiles(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? listFiles(folder, path) : [path];
    }),
  );
  return found.flat();
}

/** npm leaves dot files out of a package, so templates call them `_gitignore`. */
const targetPath = (path: string): string =>
  path
    .replace(/\.hbs$/, '')
    .split('/')
    .map((segment) => segment.replace(/^_/, '.'))
    .join('/');

/** Renders the layers that the answers call for into one tree. */
export async function renderTree(input: {
  readonly templates: string;
  readonly layers: readonly Layer[];
  readonly answers: Answers;
  readonly variables: object;
  readonly versions: Readonly<Record<string, string>>;
  readonly render: Render;
}): Promise<Tree> {
  const { templates, answers, render } = input;
  const layers = input.layers.filter((layer) => layer.when(answers));
  const variables = { ...input.variables, answers, facts: gatherFacts(layers, input.versions) };
  const files: (TreeFile & { owner: string })[] = [];
  for (const layer of layers) {
    const folder = join(templates, layer.id, 'files');
    for (const source of (await listFiles(folder)).sort()) {
      const path = targetPath(source);
      const excluded = Object.entries(layer.only ?? {}).some(
        ([prefix, condition]) => path.startsWith(prefix) && !condition(answers),
      );
      if (excluded) continue;
      const raw = (await readFile(join(folder, source), 'utf8')).replaceAll('\r\n', '\n');
      const content = source.endsWith('.hbs') ? render(raw, variables) : raw;
      const executable = ((await stat(join(folder, source))).mode & 0o100) !== 0;
      files.push({ owner: layer.id, path, content, executable });
    }
  }
  return collectTree(files);
}
