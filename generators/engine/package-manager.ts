import type { Answers } from '../answers/options.ts';

type Wording = readonly (readonly [npm: RegExp, words: string])[];

const wordings: Readonly<Record<Answers['packageManager'], Wording>> = {
  npm: [],
  pnpm: [
    // pnpm hands everything behind the script's name to the script, a `--` too.
    [/\bnpm run ([\w:-]+ \[?)-- /g, 'pnpm run $1'],
    [/\bnpm install --save-dev /g, 'pnpm add --save-dev '],
    [/\bnpm ci\b/g, 'pnpm install --frozen-lockfile'],
    [/\bnpm (run|test|start|install)\b(?! --global)/g, 'pnpm $1'],
  ],
};

/** Templates speak npm. A repository for another package manager says the same in that one's words. */
export function inWordsOf(packageManager: Answers['packageManager'], text: string): string {
  return wordings[packageManager].reduce((said, [npm, words]) => said.replace(npm, words), text);
}
