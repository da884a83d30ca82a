import * as clack from '@clack/prompts';
import { setMaxListeners } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { interrupted } from '../errors.ts';
import { wrap } from '../wrap.ts';
import { advise, type Situation } from './advisor.ts';
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

/** Where questions are asked. */
export interface Dialog {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal?: AbortSignal;
}

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

const later = 'not available yet';

/** A cancelled prompt (Ctrl-C, Escape or a signal) ends the run: nothing has been written while questions are asked. */
async function answered<T>(prompt: Promise<T | typeof clack.CANCEL_SYMBOL>): Promise<T> {
  const value = await prompt;
  if (clack.isCancel(value)) throw interrupted('Cancelled. Nothing was written.');
  return value;
}

const entries = (option: Option) =>
  (option.choices ?? []).map((choice) => ({
    value: choice.value,
    label: choice.label,
    hint: choice.later === undefined ? choice.hint : later,
    disabled: choice.later !== undefined,
  }));

const askOne = (option: Option, initial: string, dialog: Dialog): Promise<string> =>
  answered(clack.select({ message: option.question, options: entries(option), initialValue: initial, ...dialog }));

const askSeveral = (option: Option, initial: readonly string[], dialog: Dialog): Promise<string[]> =>
  answered(
    clack.multiselect({
      message: option.question,
      options: entries(option),
      initialValues: [...initial],
      required: option.key !== 'modules',
      ...dialog,
    }),
  );

/** Three questions that lead to a strategy, and why. */
async function askAdvisor(dialog: Dialog): Promise<void> {
  const tenants = await answered(
    clack.select<Situation['tenants']>({
      message: 'How many tenants do you expect?',
      options: [
        { value: 'dozens', label: 'Some dozens' },
        { value: 'hundreds', label: 'Hundreds' },
        { value: 'thousands', label: 'Thousands or more' },
      ],
      initialValue: 'thousands',
      ...dialog,
    }),
  );
  const separation = await answered(
    clack.select<Situation['separation']>({
      message: 'Do contracts or the law demand separation?',
      options: [
        { value: 'none', label: 'No', hint: 'isolation must hold, how is up to you' },
        { value: 'schema', label: 'Tables of their own', hint: 'separable within one database' },
        { value: 'database', label: 'A database of their own', hint: 'own backups, keys, region or login' },
      ],
      ...dialog,
    }),
  );
  const customTables = await answered(
    clack.confirm({
      message: 'Will some tenants get tables or columns of their own?',
      initialValue: false,
      ...dialog,
    }),
  );
  const advice = advise({ tenants, separation, customTables });
  const label =
    optionOf('strategy').choices?.find((choice) => choice.value === advice.strategy)?.label ?? advice.strategy;
  const text = `${label}: ${advice.because}.${advice.note === undefined ? '' : `\n${advice.note}`}`;
  const { columns = 80 } = dialog.output as { columns?: number };
  const lines = wrap(text, columns - 4).join('\n');
  (advice.available ? clack.log.success : clack.log.warn)(lines, { output: dialog.output });
}

async function askStrategy(initial: string, dialog: Dialog): Promise<string[]> {
  const option = optionOf('strategy');
  const help = { value: 'help', label: 'Help me choose', hint: 'three questions' };
  let start = initial;
  for (;;) {
    const chosen = await answered(
      clack.select({ message: option.question, options: [...entries(option), help], initialValue: start, ...dialog }),
    );
    if (chosen !== help.value) return [chosen];
    await askAdvisor(dialog);
    start = initial;
  }
}

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
  const open = stepOptions.filter(
    (option) => given[option.key] === undefined && !(option.key === 'verify' && given.install === false),
  );
  if (open.length === 0) return { verify: false };
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
  return given.install === false ? { verify: false, ...steps } : steps;
}

/** Asks every option that is not given. The preset that is chosen proposes the answers to the questions after it. */
export async function ask(given: Partial<Choices>, start: Start, dialog: Dialog): Promise<Completed> {
  if (dialog.signal !== undefined) setMaxListeners(0, dialog.signal); // every prompt listens to it
  const dir = start.dir ?? (await askDir(start, dialog));
  const choices: Record<string, unknown> = {};
  let proposed: Choices = start.fallbacks;
  for (const option of answerOptions) {
    const { key } = option;
    if (key === 'name' || given[key] !== undefined) continue;
    if (key === 'preset') {
      const names = start.presets.map((name) => ({
        value: name,
        label: name,
        hint: 'proposes the answers to what follows',
      }));
      const preset = await answered(
        clack.select({ message: option.question, options: names, initialValue: proposed.preset, ...dialog }),
      );
      choices[key] = preset;
      proposed = { ...proposed, ...(await start.readPreset(preset)) };
    } else if (key === 'strategy') {
      choices[key] = await askStrategy(proposed.strategy[0] as string, dialog);
    } else {
      const value = proposed[key];
      choices[key] = Array.isArray(value)
        ? await askSeveral(option, value, dialog)
        : await askOne(option, value as string, dialog);
    }
  }
  return { dir, choices: { ...choices, ...(await askSteps(given, start, dialog)) } as Partial<Choices> };
}
