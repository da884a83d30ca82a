import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { generate } from '../../generators/engine/generate.ts';
import { exampleAnswers } from './example-answers.ts';

const project = resolve(import.meta.dirname, '../..');
const style = { singleQuote: true, printWidth: 120 };

async function sources(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(join(project, folder), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [relative(project, file), await readFile(file, 'utf8')] as const)),
  );
}

const generators = await sources('generators');
const tree = await generate(exampleAnswers);

describe('the generator', () => {
  it('writes to disk in disk/ only', () => {
    const writing =
      /\b(writeFile|appendFile|mkdir|mkdtemp|rename|rm|rmdir|unlink|copyFile|cp|symlink|chmod|createWriteStream)(Sync)?\(/;
    for (const [path, text] of generators) {
      if (!path.startsWith('generators/disk/')) expect(writing.test(text), path).toBe(false);
    }
  });

  it('has an engine that knows nothing of SaaS, and no layer by its name', async () => {
    const words = /fastify|express|stripe|postgres|sealed|api-key|shared-schema/i;
    for (const [path, text] of generators) {
      if (path.startsWith('generators/engine/') && !path.endsWith('layer.ts'))
        expect(words.exec(text)?.[0], path).toBeUndefined();
    }
  });

  it('uses none of the actions of plop that write', () => {
    for (const [path, text] of generators) expect(/type: '(add|addMany|modify|append)'/.test(text), path).toBe(false);
  });

  it('has a lockfile that names no registry', async () => {
    expect(await readFile(join(project, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });

  it('has no file longer than 400 lines', () => {
    for (const [path, text] of generators) expect(text.split('\n').length, path).toBeLessThanOrEqual(400);
  });
});

describe('the generated files', () => {
  const parsers: Readonly<Record<string, string>> = {
    ts: 'typescript',
    json: 'json',
    md: 'markdown',
    yaml: 'yaml',
    yml: 'yaml',
  };

  it('are formatted as prettier formats them', { timeout: 60_000 }, async () => {
    const others: string[] = [];
    for (const { path, content } of tree.values()) {
      const parser = parsers[path.split('.').at(-1) as string];
      if (parser !== undefined && (await format(content, { ...style, filepath: path })) !== content) others.push(path);
    }
    expect(others).toEqual([]);
  });

  it('end with one line break, have no blanks at the end of a line, and no template left in them', () => {
    const files = [...tree.values()];
    expect(files.filter(({ content }) => !/(^|[^\n])\n$/.test(content)).map((file) => file.path)).toEqual([]);
    expect(files.filter(({ content }) => /(?<!\$)\{\{|[ \t]$/m.test(content)).map((file) => file.path)).toEqual([]);
  });
});
