import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { usageError } from '../errors.ts';
import { presetsFolder } from '../places.ts';
import { parseAnswersJson, readNamedFile } from './config.ts';
import type { Answers } from './options.ts';

/** The names of the presets that come with the generator. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(presetsFolder);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort((a, b) => Number(b === 'default') - Number(a === 'default') || (a < b ? -1 : 1));
}

/** The answers of a preset: one that comes with the generator, or a JSON file when the name ends in .json or has a slash. */
export async function readPreset(preset: string, cwd: string): Promise<Partial<Answers>> {
  const file = preset.endsWith('.json') || /[/\\]/.test(preset);
  const names = await presetNames();
  if (!file && !names.includes(preset)) {
    throw usageError('unknown-preset', `--preset: there is no preset "${preset}".`, [
      `Presets: ${names.join(', ')}; or a file: --preset ./${preset}.json`,
    ]);
  }
  const path = file ? preset : join(presetsFolder, `${preset}.json`);
  const {
    name: _name,
    preset: _preset,
    ...answers
  } = parseAnswersJson(await readNamedFile(path, cwd, '--preset'), `--preset ${preset}`);
  return answers;
}
