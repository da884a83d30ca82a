import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TenantAppError } from '../errors.ts';
import type { Template } from './render.ts';

/** A file of a layer before it is rendered. */
export interface Source {
  /** Below the layer's `files`, for example `src/app.ts.hbs`. */
  readonly path: string;
  readonly executable: boolean;
  /** Rendered when the path ends with `.hbs`, else emitted as it is. */
  readonly content: Template;
}

/** What the build makes of a layer's files: a module whose `sources` are read at once, with its templates compiled. */
export const builtSources = 'files.js';

/** The files of the layer in a folder, in the order of their paths. A layer may have facts only. */
export async function loadSources(folder: string): Promise<readonly Source[]> {
  const built = join(folder, builtSources);
  if (!existsSync(built)) return await readSources(join(folder, 'files'));
  return ((await import(pathToFileURL(built).href)) as { readonly sources: readonly Source[] }).sources;
}

/** Reads every file below a folder, the line ends of a checkout on Windows undone. */
export async function readSources(folder: string): Promise<(Source & { readonly content: string })[]> {
  const paths = await listFiles(folder);
  return await Promise.all(
    paths.map(async (path) => {
      const file = join(folder, path);
      const [text, { mode }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
      return { path, executable: (mode & 0o100) !== 0, content: text.replaceAll('\r\n', '\n') };
    }),
  );
}

async function listFiles(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && prefix === '') return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(folder, path)));
    else if (entry.isFile()) found.push(path);
    else
      throw new TenantAppError(
        'template-link',
        `${join(folder, path)} is not a regular file: a layer holds files, not links.`,
      );
  }
  return found;
}
