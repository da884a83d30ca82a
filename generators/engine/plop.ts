import type { NodePlopAPI } from 'node-plop';
import type Handlebars from 'handlebars';
import { emitLayer, type EmittedFile } from './emit.ts';
import { type Facts, gatherFacts } from './facts.ts';
import type { Layer } from './layer.ts';
import { formatJson } from './manifest.ts';
import { alignTable } from './markdown.ts';
import { inWordsOf } from './package-manager.ts';
import { createRenderer, type Helpers } from './render.ts';
import { collectTree, type Tree } from './tree.ts';
import type { Answers } from '../answers/options.ts';

/** What a run of a generator works with: plop hands it to every action. */
export interface Emission {
  readonly templates: string;
  readonly answers: Answers;
  readonly variables: object;
  readonly versions: Readonly<Record<string, string>>;
  readonly emit: (files: readonly EmittedFile[]) => void;
  /** Keeps the error of an action: plop reduces it to its message. */
  readonly failed: (error: unknown) => void;
}

const helpersOf = (plop: NodePlopAPI): Helpers =>
  Object.fromEntries(plop.getHelperList().map((name) => [name, plop.getHelper(name)])) as Helpers;

const partialsOf = (plop: NodePlopAPI): Record<string, string> =>
  Object.fromEntries(plop.getPartialList().map((name) => [name, plop.getPartial(name)]));

/**
 * Registers the generator `repository` and its action type `layer`, as any plop pack does. The action emits into a tree:
 * plop's own `add` and `modify` write to disk at once, without a way back.
 */
export function registerRepository(plop: NodePlopAPI, layers: readonly Layer[]): void {
  plop.setHelper('json', (value: unknown) => JSON.stringify(value));
  plop.setHelper('document', (value: unknown) => formatJson(value));
  plop.setHelper('members', (items: readonly (Readonly<Record<string, string>> & { name: string })[], value: string) =>
    items.map((item) => `${JSON.stringify(item.name)}: ${JSON.stringify(item[value])}`).join(',\n    '),
  );
  plop.setHelper('words', (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(', ')}]`);
  plop.setHelper('table', function (this: Pick<Emission, 'answers'>, options: Handlebars.HelperOptions) {
    // As wide as the words that will stand there.
    return alignTable(inWordsOf(this.answers.packageManager, options.fn(this)));
  });
  plop.setActionType('layer', async (data, config) => {
    const { templates, answers, emit, failed, ...run } = data as unknown as Emission;
    const layer = config['layer'] as Layer;
    const chosen = layers.filter((layer) => layer.when(answers));
    const facts = inWordsOf(answers.packageManager, JSON.stringify(gatherFacts(chosen, run.versions)));
    const variables = { ...run.variables, answers, facts: JSON.parse(facts) as Facts };
    const render = createRenderer(helpersOf(plop), partialsOf(plop));
    const files = await emitLayer({ templates, layer, answers, variables, render }).catch((error: unknown) => {
      failed(error);
      throw error;
    });
    emit(files);
    return `${layer.id}: ${files.length} files`;
  });
  plop.setGenerator('repository', {
    description: 'a multi-tenant repository',
    prompts: [],
    actions: (data) =>
      layers
        .filter((layer) => layer.when((data as unknown as Emission).answers))
        .map((layer) => ({ type: 'layer', layer })),
  });
}

/** Runs a registered generator and returns what its actions emitted. The first failure is thrown; nothing is on disk then. */
export async function runGenerator(
  plop: NodePlopAPI,
  name: string,
  input: Omit<Emission, 'emit' | 'failed'>,
): Promise<Tree> {
  const emitted: EmittedFile[] = [];
  const errors: unknown[] = [];
  const data: Emission = { ...input, emit: (files) => emitted.push(...files), failed: (error) => errors.push(error) };
  const { failures } = await plop.getGenerator(name).runActions(data as never);
  if (failures[0] !== undefined) throw errors[0] ?? new Error(`${failures[0].type}: ${failures[0].error}`);
  return collectTree(emitted);
}

/** An empty registry. Importing node-plop takes some tenths of a second (it imports inquirer), so it happens here and not before. */
export async function createRegistry(): Promise<NodePlopAPI> {
  const { default: nodePlop } = await import('node-plop');
  return nodePlop();
}
