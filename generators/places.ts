import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findUp(found: (folder: string) => boolean): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (found(folder)) return folder;
    if (folder === dirname(folder)) throw new Error(`templates and presets are missing above ${import.meta.dirname}`);
  }
}

/** The folder that holds templates/ and presets/: the project when it runs from source, dist/ when it is installed. */
const root = findUp((folder) => existsSync(join(folder, 'templates')) && existsSync(join(folder, 'presets')));

export const templatesFolder = join(root, 'templates');
export const presetsFolder = join(root, 'presets');

/** This generator's version, as its package.json says. */
export const version: string = (() => {
  const folder = findUp((folder) => existsSync(join(folder, 'package.json')));
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
})();
