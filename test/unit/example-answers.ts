import fc from 'fast-check';
import { nameProblem } from '../../generators/answers/name.ts';
import { answersSchema, optionOf, valuesOf, type Answers, type OptionKey } from '../../generators/answers/options.ts';
import { rules } from '../../generators/answers/rules.ts';

/** The answers of the default preset. */
export const exampleAnswers: Answers = {
  name: 'my-saas',
  preset: 'default',
  framework: 'fastify',
  resolution: ['jwt', 'api-key'],
  strategy: ['shared-schema'],
  context: 'sealed',
  billing: 'none',
  modules: ['projects', 'tasks'],
  packageManager: 'npm',
};

const one = (key: OptionKey) => fc.constantFrom(...valuesOf(optionOf(key)).now);
const several = (key: OptionKey) => fc.subarray([...valuesOf(optionOf(key)).now]);

/** Any answers that can be generated today. */
export const anyAnswers: fc.Arbitrary<Answers> = fc
  .record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,49}$/).filter((name) => nameProblem(name) === undefined),
    preset: fc.constant('default'),
    framework: one('framework'),
    resolution: several('resolution'),
    strategy: several('strategy'),
    context: one('context'),
    billing: one('billing'),
    modules: several('modules'),
    packageManager: one('packageManager'),
  })
  .map((answers) => answersSchema.parse(answers))
  .filter((answers) => rules.every((rule) => !rule.broken(answers)));
