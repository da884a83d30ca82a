import { snakeCase } from '../answers/name.ts';
import type { Answers } from '../answers/options.ts';
import { templatesFolder, version } from '../places.ts';
import { loadLayers } from './layers.ts';
import { withManifest } from './manifest.ts';
import { createRegistry, registerRepository, runGenerator } from './plop.ts';
import type { Tree } from './tree.ts';
import { versions } from '../../templates/versions.ts';

/** Generates the whole repository in memory. The same answers give the same bytes. */
export async function generate(answers: Answers, templates: string = templatesFolder): Promise<Tree> {
  const plop = await createRegistry();
  registerRepository(plop, await loadLayers(templates));
  const variables = { name: answers.name, snake: snakeCase(answers.name), version };
  const tree = await runGenerator(plop, 'repository', { templates, answers, variables, versions });
  return withManifest(tree, answers, version);
}
