import { readFile } from 'node:fs/promises';

/** The commands of a Markdown file's `sh` blocks, line by line, in order. */
export async function shellCommands(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap((block) => (block[1] as string).split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
