import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answers } from '../answers/options.ts';
import { TenantAppError } from '../errors.ts';
import type { Layer } from './layer.ts';
import { inWordsOf } from './package-manager.ts';
import type { Render } from './render.ts';
import type { TreeFile } from './tree.ts';

/** A file and the layer that owns it. */
export type EmittedFile = TreeFile & { readonly owner: string };

async function listFiles(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && prefix === '') return []; // a layer may have facts only
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

/** npm leaves dot files out of a package, so templates call them `_gitignore`. */
const targetPath = (path: string): string =>
  path
    .replace(/\.hbs$/, '')
    .split('/')
    .map((segment) => segment.replace(/^_/, '.'))
    .join('/');

/** Renders the files of one layer. */
export async function emitLayer(input: {
  readonly templates: string;
  readonly layer: Layer;
  readonly answers: Answers;
  readonly variables: object;
  readonly render: Render;
}): Promise<EmittedFile[]> {
  const { layer, answers, variables, render } = input;
  const folder = join(input.templates, layer.id, 'files');
  const excluded = Object.entries(layer.only ?? {}).filter(([, condition]) => !condition(answers));
  const files: EmittedFile[] = [];
  for (const source of await listFiles(folder)) {
    const path = targetPath(source);
    if (excluded.some(([prefix]) => path.startsWith(prefix))) continue;
    const text = (await readFile(join(folder, source), 'utf8')).replaceAll('\r\n', '\n');
    const raw = inWordsOf(answers.packageManager, text);
    const content = source.endsWith('.hbs') ? renderNamed(render, raw, variables, `${layer.id}/files/${source}`) : raw;
    const executable = ((await stat(join(folder, source))).mode & 0o100) !== 0;
    files.push({ owner: layer.id, path, content, executable });
  }
  return files;
}

/** Handlebars names the line, not the file. */
function renderNamed(render: Render, template: string, variables: object, name: string): string {
  try {
    return render(template, variables);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
