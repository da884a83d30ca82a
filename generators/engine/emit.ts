import { join } from 'node:path';
import type { Answers } from '../answers/options.ts';
import type { Layer } from './layer.ts';
import { inWordsOf } from './package-manager.ts';
import type { Render, Template } from './render.ts';
import { loadSources } from './sources.ts';
import type { TreeFile } from './tree.ts';

/** A file and the layer that owns it. */
export type EmittedFile = TreeFile & { readonly owner: string };

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
  const { templates, layer, answers, variables, render } = input;
  const excluded = Object.entries(layer.only ?? {}).filter(([, condition]) => !condition(answers));
  const files: EmittedFile[] = [];
  for (const source of await loadSources(join(templates, layer.id))) {
    const path = targetPath(source.path);
    if (excluded.some(([prefix]) => path.startsWith(prefix))) continue;
    const { content, executable } = source;
    const plain = typeof content === 'string' && !source.path.endsWith('.hbs');
    const text = plain ? content : renderNamed(render, content, variables, `${layer.id}/files/${source.path}`);
    files.push({ owner: layer.id, path, content: inWordsOf(answers.packageManager, text), executable });
  }
  return files;
}

/** Handlebars names the line, not the file. */
function renderNamed(render: Render, template: Template, variables: object, name: string): string {
  try {
    return render(template, variables);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
