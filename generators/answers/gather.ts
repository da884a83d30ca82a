import { resolve } from 'node:path';
import { usageError } from '../errors.ts';
import { folderName } from './name.ts';
import {
  answerOptions,
  answersSchema,
  optionOf,
  options,
  stepsSchema,
  valuesOf,
  type Answers,
  type Choices,
  type OptionKey,
  type Steps,
} from './options.ts';
import { checkChoices, checkName, normalize } from './rules.ts';

/** What the command line says, before anything is asked. */
export interface Request {
  /** The folder as it was typed. */
  readonly dir: string | undefined;
  readonly flags: Partial<Choices>;
  readonly config: Partial<Answers>;
  readonly yes: boolean;
}

/** What decides a run: complete, and valid together. */
export interface Decision {
  /** The folder as it was typed, and where that is. */
  readonly shown: string;
  readonly dir: string;
  readonly answers: Answers;
  readonly steps: Steps;
}

/** A folder, and the choices that were asked for or filled in. */
export interface Completed {
  readonly dir: string;
  readonly choices: Partial<Choices>;
}

export interface World {
  readonly cwd: string;
  /** The package manager that runs this command. */
  readonly caller: Answers['packageManager'];
  readonly readPreset: (preset: string) => Promise<Partial<Answers>>;
  /** Asks what is not given; undefined without a terminal. */
  readonly ask:
    ((given: Partial<Choices>, dir: string | undefined, fallbacks: Choices) => Promise<Completed>) | undefined;
}

/** What every option falls back to. A package manager that calls, but cannot be generated for yet, gives way to the default. */
function fallbacksFor(caller: Answers['packageManager']): Choices {
  const all = Object.fromEntries(options.map((option) => [option.key, option.fallback]));
  if (valuesOf(optionOf('packageManager')).now.includes(caller)) all['packageManager'] = caller;
  return all as unknown as Choices;
}

/** Throws naming every flag that is missing. */
function refuseMissing(dir: string | undefined, given: Partial<Choices>): void {
  const missing = answerOptions.filter((option) => option.required && given[option.key] === undefined);
  const flags = [
    ...(dir === undefined ? ['[dir]'] : []),
    ...missing.map((option) => `${option.flag} ${option.argument}`),
  ];
  if (flags.length === 0) return;
  throw usageError('missing-flag', `Nothing can be asked here, and these are missing: ${flags.join(', ')}.`, [
    'Add them, or add --yes to take the defaults.',
  ]);
}

/** Decides every option: flags before the configuration, that before the preset, that before what is asked or the defaults. */
export async function decide(request: Request, world: World): Promise<Decision> {
  const stated = { ...request.config, ...request.flags };
  const { preset } = stated;
  // A configuration that states everything needs no preset: then the name of one is only a note.
  const open = answerOptions.some((option) => option.key !== 'name' && stated[option.key] === undefined);
  const proposed =
    preset !== undefined && (open || request.flags.preset !== undefined) ? await world.readPreset(preset) : {};
  const given = normalize({ ...proposed, ...stated });
  checkChoices(given);

  const named = request.dir ?? given.name;
  if (named === '') {
    throw usageError('no-folder', 'The folder has no name.', ['Name one: create-tenant-app my-saas']);
  }
  if (named !== undefined) checkName(given.name ?? folderName(named, world.cwd));
  const { dir, choices } = await complete({ ...request, dir: named }, given, world);
  const all = normalize({ ...choices, ...given, name: given.name ?? folderName(dir, world.cwd) });
  checkChoices(all);
  const pick = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, all[key as OptionKey]]));
  return {
    shown: dir,
    dir: resolve(world.cwd, dir),
    answers: answersSchema.parse(pick(Object.keys(answersSchema.shape))),
    steps: stepsSchema.parse(pick(Object.keys(stepsSchema.shape))),
  };
}

async function complete(request: Request, given: Partial<Choices>, world: World): Promise<Completed> {
  const fallbacks = fallbacksFor(world.caller);
  if (!request.yes && world.ask !== undefined) return world.ask(given, request.dir, fallbacks);
  if (!request.yes) refuseMissing(request.dir, given);
  const preset = given.preset === undefined ? await world.readPreset(fallbacks.preset) : {};
  // Nothing can be proven without packages: --no-install means later, and together with --verify it is refused.
  const verify = given.install !== false;
  return { dir: request.dir ?? fallbacks.name, choices: { ...fallbacks, ...preset, verify } };
}
