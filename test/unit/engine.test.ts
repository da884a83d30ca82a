import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generate } from '../../generators/engine/generate.ts';
import { defineLayer } from '../../generators/engine/layer.ts';
import { loadLayers } from '../../generators/engine/layers.ts';
import { contentHash, formatJson } from '../../generators/engine/manifest.ts';
import { alignTable } from '../../generators/engine/markdown.ts';
import { createRegistry, registerRepository, runGenerator } from '../../generators/engine/plop.ts';
import { createRenderer } from '../../generators/engine/render.ts';
import { versions } from '../../templates/versions.ts';
import { exampleAnswers } from './example-answers.ts';
import { scratch } from './terminal.ts';

const templatesFolder = resolve(import.meta.dirname, '../../templates');

/** Writes layers to a folder: id -> path -> content. */
async function layersOf(layers: Record<string, Record<string, string>>): Promise<string> {
  const templates = await scratch();
  for (const [id, files] of Object.entries(layers)) {
    await mkdir(join(templates, id, 'files'), { recursive: true });
    await writeFile(join(templates, id, 'layer.ts'), `export default { id: '${id}', when: () => true };\n`);
    for (const [path, content] of Object.entries(files)) await writeFile(join(templates, id, 'files', path), content);
  }
  return templates;
}

describe('a template', () => {
  const render = createRenderer();

  it('is not HTML-escaped', () => {
    expect(render('{{title}}', { title: 'Users & <Groups> "x" = 1' })).toBe('Users & <Groups> "x" = 1');
  });

  it('with a variable that does not exist is an error that names the file', async () => {
    expect(() => render('{{nothing}}', {})).toThrow('nothing');
    const templates = await layersOf({ a: { 'x.txt.hbs': '{{nothing}}' } });
    await expect(generate(exampleAnswers, templates)).rejects.toThrow(/a\/files\/x\.txt\.hbs: .*nothing/s);
  });

  it('that is no .hbs is copied as it is, with dots for leading underscores', async () => {
    const templates = await layersOf({ a: { _gitignore: '{{not a template}}\n', 'b.txt.hbs': '{{name}}\n' } });
    const tree = await generate(exampleAnswers, templates);
    expect(tree.get('.gitignore')?.content).toBe('{{not a template}}\n');
    expect(tree.get('b.txt')?.content).toBe('my-saas\n');
  });

  it('of two layers for one path is an error that names both', async () => {
    const templates = await layersOf({ a: { 'x.txt': '' }, b: { 'x.txt': '' } });
    await expect(generate(exampleAnswers, templates)).rejects.toMatchObject({
      code: 'two-owners',
      message: expect.stringMatching(/both a and b/),
    });
  });
});

describe('the registry', () => {
  it('takes helpers and partials of any plop pack', async () => {
    const templates = await layersOf({ a: { 'x.txt.hbs': '{{shout name}} {{> sign}}' } });
    const plop = await createRegistry();
    registerRepository(plop, await loadLayers(templates));
    plop.setHelper('shout', (text: string) => text.toUpperCase());
    plop.setPartial('sign', '-- {{name}}');
    const tree = await runGenerator(plop, 'repository', {
      templates,
      answers: exampleAnswers,
      variables: { name: 'x & y' },
      versions: {},
    });
    expect(tree.get('x.txt')?.content).toBe('X & Y -- x & y');
  });

  it('lists the generator as plop does', async () => {
    const plop = await createRegistry();
    registerRepository(plop, []);
    expect(plop.getGeneratorList().map((generator) => generator.name)).toEqual(['repository']);
  });
});

describe('the layers', async () => {
  const layers = await loadLayers(templatesFolder);

  it('are called as their folder', async () => {
    const found = await Promise.all(
      layers.map(async ({ id }) =>
        (await readdir(join(templatesFolder, id))).some((entry) => /^layer\.[jt]s$/.test(entry)),
      ),
    );
    expect(found).toEqual(layers.map(() => true));
  });

  it('use packages of the table of versions only', () => {
    for (const layer of layers) {
      for (const name of [...(layer.dependencies ?? []), ...(layer.devDependencies ?? [])])
        expect(versions).toHaveProperty([name]);
    }
  });

  it('have at most 40 block helpers in all templates', async () => {
    const files = (await readdir(templatesFolder, { recursive: true })).filter((path) => path.endsWith('.hbs'));
    const blocks = await Promise.all(
      files.map(async (path) => (await readFile(join(templatesFolder, path), 'utf8')).match(/\{\{#/g)?.length ?? 0),
    );
    expect(blocks.reduce((sum, count) => sum + count, 0)).toBeLessThan(40);
  });

  it('are typed by defineLayer', () => {
    const layer = { id: 'x', when: () => true };
    expect(defineLayer(layer)).toBe(layer);
  });
});

describe('the hash of a file in the manifest', () => {
  it('is not changed by line endings, and by anything else', () => {
    expect(contentHash('a\r\nb\r\n')).toBe(contentHash('a\nb\n'));
    expect(contentHash('a\nb')).not.toBe(contentHash('a\nb\n'));
    expect(contentHash('a\rb\n')).not.toBe(contentHash('ab\n'));
  });
});

describe('what is formatted in the engine', () => {
  it('JSON as prettier writes it', () => {
    expect(formatJson({ a: 1, b: ['x', 'y'], c: {}, d: { e: null } })).toBe(
      '{\n  "a": 1,\n  "b": ["x", "y"],\n  "c": {},\n  "d": {\n    "e": null\n  }\n}',
    );
  });

  it('tables, with a bar inside a cell', () => {
    expect(alignTable('\n| a | b |\n| --- | --- |\n| long cell | x \\| y |\n')).toBe(
      '| a         | b      |\n| --------- | ------ |\n| long cell | x \\| y |\n',
    );
  });
});
