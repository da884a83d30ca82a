import { z } from 'zod';

/** One value of an option. `later`: shown, and refused with a clear word, until it can be generated. */
export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint: string;
  readonly later?: true;
}

/** Everything that prompts, flags, presets, rules and documentation need to know about one option. */
export interface OptionFacts {
  readonly kind: 'text' | 'one' | 'several' | 'switch';
  readonly flag: string;
  /** The flag's argument as the help shows it; none for a switch. */
  readonly argument?: string;
  /** A few words, for the help and the documentation. */
  readonly label: string;
  readonly question: string;
  /** The consequence of choosing. */
  readonly hint: string;
  readonly choices?: readonly Choice[];
  /** What `--yes` takes; names, modules and package managers have one that depends on the run. */
  readonly fallback: string | boolean | readonly string[];
  /** Without a terminal and without `--yes` it must be stated. */
  readonly required?: true;
}

const facts = z.registry<OptionFacts>();

type Values<C extends readonly Choice[]> = [C[number]['value'], ...C[number]['value'][]];

const oneOf = <const C extends readonly Choice[]>(choices: C, about: Omit<OptionFacts, 'kind' | 'choices'>) =>
  z.enum(choices.map((choice) => choice.value) as Values<C>).register(facts, { kind: 'one', choices, ...about });

const severalOf = <const C extends readonly Choice[]>(choices: C, about: Omit<OptionFacts, 'kind' | 'choices'>) =>
  z
    .array(z.enum(choices.map((choice) => choice.value) as Values<C>))
    .readonly()
    .register(facts, { kind: 'several', choices, ...about });

const text = (about: Omit<OptionFacts, 'kind'>) => z.string().register(facts, { kind: 'text', ...about });

const onOff = (about: Omit<OptionFacts, 'kind'>) => z.boolean().register(facts, { kind: 'switch', ...about });

/** What a repository is generated from. Only these values decide its bytes; they are the `answers` of tenant-app.json. */
export const answersSchema = z.strictObject({
  name: text({
    flag: '--name',
    argument: '<name>',
    label: 'name of the project',
    question: 'What is it called?',
    hint: 'Names the package and, in snake case, the database roles. Without the flag: the last part of the folder',
    fallback: 'my-saas',
  }),
  preset: text({
    flag: '--preset',
    argument: '<name|file>',
    label: 'answers to start from',
    question: 'Which preset do you start from?',
    hint: 'Answers to the other questions, by name or from a JSON file; every one of them can still be changed',
    fallback: 'default',
  }),
  framework: oneOf(
    [
      { value: 'fastify', label: 'Fastify', hint: 'schemas validate requests and make the OpenAPI document' },
      { value: 'express', label: 'Express', hint: 'the same API on routers and middleware' },
    ],
    {
      flag: '--framework',
      argument: '<name>',
      label: 'HTTP framework',
      question: 'Which framework answers HTTP?',
      hint: 'The API, its tests and the tenancy are the same in each; only the HTTP layer differs',
      fallback: 'fastify',
      required: true,
    },
  ),
  resolution: severalOf(
    [
      { value: 'jwt', label: 'JWT', hint: 'a claim names the tenant; any provider with a JWKS' },
      { value: 'api-key', label: 'API key', hint: 'belongs to one tenant; for machines' },
      { value: 'subdomain', label: 'Subdomain', hint: 'acme.example.com names the tenant' },
    ],
    {
      flag: '--resolution',
      argument: '<list>',
      label: 'how tenants are identified',
      question: 'How are tenants identified?',
      hint: 'One or more, separated by commas. A request that names two different tenants is refused, whatever the order',
      fallback: ['jwt', 'api-key'],
      required: true,
    },
  ),
  strategy: severalOf(
    [
      {
        value: 'shared-schema',
        label: 'Shared schema',
        hint: 'row-level security; any number of tenants',
      },
      {
        value: 'schema-per-tenant',
        label: 'Schema per tenant',
        hint: 'own tables and role; hundreds of tenants',
      },
      {
        value: 'database-per-tenant',
        label: 'Database per tenant',
        hint: 'own database and login; dozens of tenants',
      },
    ],
    {
      flag: '--strategy',
      argument: '<list>',
      label: 'how tenants are kept apart',
      question: 'How are tenants kept apart in PostgreSQL?',
      hint: 'Where the rows of a tenant live; row-level security is on in every strategy. Two can be in one repository, shared-schema and database-per-tenant; new tenants get the first',
      fallback: ['shared-schema'],
      required: true,
    },
  ),
  context: oneOf(
    [
      { value: 'sealed', label: 'Sealed', hint: 'signed: injected SQL cannot switch tenants' },
      { value: 'plain', label: 'Plain', hint: 'a setting that injected SQL could change' },
    ],
    {
      flag: '--context',
      argument: '<kind>',
      label: 'tenant context',
      question: 'How does PostgreSQL know the tenant of a statement?',
      hint: 'A sealed context costs some microseconds a statement and stops injected SQL from switching tenants',
      fallback: 'sealed',
    },
  ),
  billing: oneOf(
    [
      { value: 'none', label: 'None', hint: 'no plans, no payment provider' },
      { value: 'stripe', label: 'Stripe', hint: 'plans, checkout and webhooks a tenant', later: true },
    ],
    {
      flag: '--billing',
      argument: '<provider>',
      label: 'billing',
      question: 'Do tenants pay?',
      hint: 'Adds plans and a payment provider to the repository',
      fallback: 'none',
      required: true,
    },
  ),
  modules: severalOf(
    [
      { value: 'projects', label: 'Projects', hint: 'a table and its API: the pattern for your own' },
      { value: 'tasks', label: 'Tasks', hint: 'belong to projects: a foreign key inside one tenant' },
    ],
    {
      flag: '--modules',
      argument: '<list>',
      label: 'example modules',
      question: 'Which example modules?',
      hint: 'Separated by commas. Each one is a table, its API and its tests, and is attacked by the isolation suite',
      fallback: ['projects', 'tasks'],
    },
  ),
  packageManager: oneOf(
    [
      { value: 'npm', label: 'npm', hint: 'comes with Node' },
      { value: 'pnpm', label: 'pnpm', hint: 'one store for all repositories of a machine' },
    ],
    {
      flag: '--package-manager',
      argument: '<name>',
      label: 'package manager',
      question: 'Which package manager?',
      hint: 'Installs the packages and is named in the documentation. Without the flag: the one that runs this command',
      fallback: 'npm',
    },
  ),
});

/** What happens after the files are written. None of it changes a generated file. */
export const stepsSchema = z.strictObject({
  install: onOff({
    flag: '--install',
    label: 'install the packages',
    question: 'Install the packages?',
    hint: 'needed for the proof',
    fallback: true,
  }),
  git: onOff({
    flag: '--git',
    label: 'make a git repository with one commit',
    question: 'Commit to a new git repository?',
    hint: 'not inside another one',
    fallback: true,
  }),
  verify: onOff({
    flag: '--verify',
    label: 'prove the isolation',
    question: 'Prove the isolation now?',
    hint: 'attacks it on a PostgreSQL of its own',
    fallback: true,
  }),
});

export type Answers = z.infer<typeof answersSchema>;
export type Steps = z.infer<typeof stepsSchema>;
export type Choices = Answers & Steps;
export type OptionKey = keyof Choices;

/** One option: its key, the schema of its value, and its facts. */
export interface Option<Key extends OptionKey = OptionKey> extends OptionFacts {
  readonly key: Key;
  readonly schema: z.ZodType;
}

const optionsOf = <Key extends OptionKey>(shape: Readonly<Record<Key, z.ZodType>>): Option<Key>[] =>
  (Object.entries(shape) as [Key, z.ZodType][]).map(([key, schema]) => ({
    key,
    schema,
    ...(facts.get(schema) as OptionFacts),
  }));

/** The options that decide the generated files, in the order in which they are asked. */
export const answerOptions: readonly Option<keyof Answers>[] = optionsOf(answersSchema.shape);

/** The options that decide what happens after the files are written. */
export const stepOptions: readonly Option<keyof Steps>[] = optionsOf(stepsSchema.shape);

export const options: readonly Option[] = [...answerOptions, ...stepOptions];

/** The option with this key. */
export function optionOf(key: OptionKey): Option {
  return options.find((option) => option.key === key) as Option;
}

/** The values that can be generated today, and those announced. */
export function valuesOf(option: Option): { readonly now: readonly string[]; readonly later: readonly string[] } {
  const choices = option.choices ?? [];
  return {
    now: choices.filter((choice) => choice.later === undefined).map((choice) => choice.value),
    later: choices.filter((choice) => choice.later !== undefined).map((choice) => choice.value),
  };
}
