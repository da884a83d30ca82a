import * as clack from '@clack/prompts';
import { setMaxListeners } from 'node:events';
import { TenantAppError } from '../errors.ts';
import { answered, entries, type Dialog } from './dialog.ts';
import type { Completed } from './gather.ts';
import {
  answerOptions,
  optionOf,
  stepOptions,
  type Answers,
  type Choices,
  type Option,
  type Steps,
} from './options.ts';
import { checkChoices } from './rules.ts';
import { askStrategy } from './strategy-prompts.ts';

/** What questions start from, beside the answers that are known already. */
export interface Start {
  /** Given: the folder is not asked for. */
  readonly dir: string | undefined;
  readonly presets: readonly string[];
  readonly readPreset: (preset: string) => Promise<Partial<Answers>>;
  /** What is wrong with a folder to create; undefined when nothing is. */
  readonly dirProblem: (dir: string) => string | undefined;
  readonly fallbacks: Choices;
}

const askOne = (option: Option, initial: string, dialog: Dialog): Promise<string> =>
  answered(clack.select({ message: option.question, options: entries(option), initialValue: initial, ...dialog }));

const askSeveral = (option: Option, initial: readonly string[], dialog: Dialog): Promise<string[]> =>
  answered(
    clack.multiselect({
      message: option.question,
      options: entries(option),
      initialValues: [...initial],
      required: true,
      ...dialog,
    }),
  );

async function askDir(start: Start, dialog: Dialog): Promise<string> {
  const fallback = start.fallbacks.name;
  const typed = await answered(
    clack.text({
      message: optionOf('name').question,
      placeholder: `${fallback}  (a name, or a path such as ../${fallback})`,
      defaultValue: fallback,
      validate: (value) => start.dirProblem(value === undefined || value.trim() === '' ? fallback : value.trim()),
      ...dialog,
    }),
  );
  return typed.trim();
}

/** The three steps are one question; only those that no flag decided. */
async function askSteps(given: Partial<Choices>, start: Start, dialog: Dialog): Promise<Partial<Choices>> {
  // Nothing can be proven without packages: each of the two flags answers the question for the other one.
  const implied: Partial<Steps> =
    given.install === false ? { verify: false } : given.verify === true ? { install: true } : {};
  const open = stepOptions.filter((option) => ({ ...implied, ...given })[option.key] === undefined);
  if (open.length === 0) return implied;
  const chosen = await answered(
    clack.multiselect<keyof Steps>({
      message: 'What should happen now?',
      options: open.map((option) => ({
        value: option.key,
        label: option.question.replace(/\?$/, ''),
        hint: option.hint,
      })),
      initialValues: open.filter((option) => start.fallbacks[option.key] === true).map((option) => option.key),
      required: false,
      ...dialog,
    }),
  );
  const steps: Partial<Steps> = Object.fromEntries(open.map((option) => [option.key, chosen.includes(option.key)]));
  if (steps.install === false && steps.verify === true) {
    clack.log.warn('Nothing can be proven without packages, so that is left for later.', { output: dialog.output });
    return { ...steps, verify: false };
  }
  return { ...implied, ...steps };
}

/** Asks one option of the answers. */
async function askOption(option: Option, proposed: Choices, start: Start, dialog: Dialog): Promise<unknown> {
  const value = proposed[option.key];
  if (option.key === 'preset') {
    const names = start.presets.map((name) => ({
      value: name,
      label: name,
      hint: 'proposes the answers to what follows',
    }));
    return answered(
      clack.select({ message: option.question, options: names, initialValue: value as string, ...dialog }),
    );
  }
  if (option.key === 'strategy') return askStrategy(proposed.strategy[0] as string, dialog);
  return Array.isArray(value) ? askSeveral(option, value, dialog) : askOne(option, value as string, dialog);
}

/** The reason why the choices so far do not go together; undefined when they do. */
function conflict(choices: Partial<Choices>): string | undefined {
  try {
    checkChoices(choices);
    return undefined;
  } catch (error) {
    if (error instanceof TenantAppError) return error.message;
    throw error;
  }
}

/** Asks every option that is not given; an answer that does not go with those before it is refused with the reason, and asked again. */
export async function ask(given: Partial<Choices>, start: Start, dialog: Dialog): Promise<Completed> {
  if (dialog.signal !== undefined) setMaxListeners(0, dialog.signal); // every prompt listens to it
  const dir = start.dir ?? (await askDir(start, dialog));
  let choices: Partial<Choices> = {};
  let proposed: Choices = start.fallbacks;
  for (const option of answerOptions.filter((option) => option.key !== 'name' && given[option.key] === undefined)) {
    let next: Partial<Choices>;
    for (;;) {
      next = { ...choices, [option.key]: await askOption(option, proposed, start, dialog) };
      const problem = conflict({ ...given, ...next });
      if (problem === undefined) break;
      clack.log.warn(problem, { output: dialog.output });
    }
    choices = next;
    // The preset proposes the answers to the questions after it.
    if (option.key === 'preset') proposed = { ...proposed, ...(await start.readPreset(choices.preset as string)) };
  }
  return { dir, choices: { ...choices, ...(await askSteps(given, start, dialog)) } };
}
