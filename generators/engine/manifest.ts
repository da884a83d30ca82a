import { createHash } from 'node:crypto';
import { z } from 'zod';
import { answersSchema, type Answers } from '../answers/options.ts';
import { toTree, type Tree } from './tree.ts';

/** The file that says what a repository was generated from. */
export const manifestPath = 'tenant-app.json';

export const manifestSchema = z.object({
  generator: z.object({ name: z.literal('create-tenant-app'), version: z.string() }),
  answers: answersSchema,
  modules: z.array(z.string()),
  /** contentHash() of every generated file as it was written. */
  files: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** sha256 in hex, the same for any line endings: a checkout may have changed them. */
export const contentHash = (content: string): string =>
  createHash('sha256').update(content.replaceAll('\r\n', '\n')).digest('hex');

/** JSON as prettier writes it: objects over several lines, lists of words in one. */
export function formatJson(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const lines = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${formatJson(item, inner)}`,
  );
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
}

/** Adds the manifest to a generated tree. It does not hold its own hash. */
export function withManifest(tree: Tree, answers: Answers, version: string): Tree {
  const manifest: Manifest = {
    generator: { name: 'create-tenant-app', version },
    answers: answersSchema.parse(answers), // in the schema's order of keys
    modules: [...answers.modules],
    files: Object.fromEntries([...tree.values()].map((file) => [file.path, contentHash(file.content)])),
  };
  return toTree([...tree.values(), { path: manifestPath, content: `${formatJson(manifest)}\n`, executable: false }]);
}
