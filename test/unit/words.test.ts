import { describe, expect, it } from 'vitest';
import type { Answers } from '../../generators/answers/options.ts';
import { generate } from '../../generators/engine/generate.ts';
import { exampleAnswers } from './example-answers.ts';

/** The lines of a generated repository in which something is said, each with its file. */
async function linesWith(pattern: RegExp, answers: Partial<Answers>): Promise<string[]> {
  const tree = await generate({ ...exampleAnswers, resolution: ['jwt', 'api-key', 'subdomain'], ...answers });
  return [...tree.values()].flatMap(({ path, content }) =>
    content.split('\n').flatMap((line) => (pattern.test(line) ? [`${path}: ${line.trim()}`] : [])),
  );
}

describe('a repository with a plain context', () => {
  const keys = /TENANT_SEAL_KEYS|sealKeys|seal_keys|seal-keys|app\.context/;

  it('knows no keys', async () => {
    expect(await linesWith(keys, { context: 'plain' })).toEqual([]);
    expect(await linesWith(keys, { context: 'sealed' })).not.toEqual([]);
  });

  it('says what it leaves open', async () => {
    const open = /SQL that somebody injects can change the setting/;
    expect(await linesWith(open, { context: 'plain' })).toEqual([expect.stringMatching(/^README\.md: /)]);
    expect(await linesWith(open, { context: 'sealed' })).toEqual([]);
  });
});

describe('a repository for pnpm', () => {
  it('tells nobody to use npm, but to get pnpm', async () => {
    const npm = /\bnpm (run|test|start|ci|install(?! --global pnpm@10))\b/;
    expect(await linesWith(npm, { packageManager: 'pnpm' })).toEqual([]);
    expect(await linesWith(npm, { packageManager: 'npm' })).not.toEqual([]);
  });

  it('puts no -- between a script and what it is called with', async () => {
    expect(await linesWith(/\bpnpm run [\w:-]+ \[?-- /, { packageManager: 'pnpm' })).toEqual([]);
  });
});
