import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Layer } from './layer.ts';

/** Finds every layer below the templates folder: a folder with a layer.ts (layer.js once built). */
export async function loadLayers(templates: string, folder = ''): Promise<Layer[]> {
  const entries = await readdir(join(templates, folder), { withFileTypes: true });
  const facts = entries.find((entry) => entry.name === 'layer.ts' || entry.name === 'layer.js');
  if (facts !== undefined) {
    const module = (await import(pathToFileURL(join(templates, folder, facts.name)).href)) as { default: Layer };
    return [module.default];
  }
  const below: Layer[] = [];
  for (const entry of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    below.push(...(await loadLayers(templates, join(folder, entry.name))));
  }
  return below;
}
