import { toFlags } from '../../generators/answers/flags.ts';
import { answerOptions, answersSchema, optionOf, valuesOf, type Answers } from '../../generators/answers/options.ts';
import { rules } from '../../generators/answers/rules.ts';

const name = 'my-saas';

/** The options that are combined: names and presets only change words. */
const combined = answerOptions.filter(({ kind }) => kind !== 'text');

const subsets = (values: readonly string[]): string[][] =>
  values.reduce<string[][]>((found, value) => found.flatMap((subset) => [subset, [...subset, value]]), [[]]);

/** Every valid combination of answers that can be generated today, always in the same order. */
export function combinations(): Answers[] {
  const all = combined.reduce<object[]>(
    (made, option) => {
      const { now } = valuesOf(option);
      const values: readonly unknown[] = option.kind === 'several' ? subsets(now) : now;
      return values.flatMap((value) => made.map((answers) => ({ ...answers, [option.key]: value })));
    },
    [{ name, preset: 'default' }],
  );
  return all
    .map((answers) => answersSchema.parse(answers))
    .filter((answers) => rules.every((rule) => !rule.broken(answers)));
}

/** What a combination consists of: the value of an option, and for a list each word that is in it or is not. */
function facets(answers: Answers): string[] {
  return combined.flatMap((option) => {
    const value = answers[option.key];
    if (!Array.isArray(value)) return [`${option.key}: ${value}`];
    const words: readonly string[] = value;
    return valuesOf(option).now.map((word) => `${option.key}: ${words.includes(word) ? '' : 'no '}${word}`);
  });
}

/** Every two facets of a combination. */
export function pairs(answers: Answers): string[] {
  const all = facets(answers);
  return all.flatMap((one, index) => all.slice(index + 1).map((other) => `${one}, ${other}`));
}

/** A few combinations that have every pair of facets that any combination has; at each step the one with the most new pairs. */
export function pairwise(all: readonly Answers[]): Answers[] {
  const missing = new Set(all.flatMap(pairs));
  const news = (answers: Answers): number => pairs(answers).filter((pair) => missing.has(pair)).length;
  const chosen: Answers[] = [];
  while (missing.size > 0) {
    const best = all.reduce((best, answers) => (news(answers) > news(best) ? answers : best));
    chosen.push(best);
    for (const pair of pairs(best)) missing.delete(pair);
  }
  return chosen;
}

const isUsual = (answers: Answers, ...keys: (keyof Answers)[]): boolean =>
  keys.every((key) => String(answers[key]) === String(optionOf(key).fallback));

/**
 * Those that also run: each framework with each way to identify tenants alone, in the contexts by turns so that any two of the three meet; each
 * framework with all ways, installed by another package manager than the usual one; and each strategy but the usual one with all of them and each context.
 */
export function toRun(all: readonly Answers[]): {
  readonly single: Answers[];
  readonly fullest: Answers[];
  readonly separate: Answers[];
} {
  const most = (key: 'modules' | 'resolution'): number => Math.max(...all.map((answers) => answers[key].length));
  const alike = all.filter(
    (answers) => answers.modules.length === most('modules') && isUsual(answers, 'strategy', 'billing'),
  );
  const alone = alike.filter((answers) => answers.resolution.length === 1 && isUsual(answers, 'packageManager'));
  return {
    single: pairwise(alone),
    fullest: alike.filter(
      (answers) =>
        answers.resolution.length === most('resolution') &&
        isUsual(answers, 'context') &&
        !isUsual(answers, 'packageManager'),
    ),
    separate: all.filter(
      (answers) =>
        !isUsual(answers, 'strategy') &&
        answers.modules.length === most('modules') &&
        answers.resolution.length === most('resolution') &&
        isUsual(answers, 'framework', 'billing', 'packageManager'),
    ),
  };
}

/** The command that generates a combination. */
export function reproduce(answers: Answers): string {
  const flags = toFlags(answers, { install: true, git: true, verify: true }, name);
  return `npm run create -- ../${name} ${flags.join(' ')}`;
}
