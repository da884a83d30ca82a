import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addFlags, choicesFromFlags } from '../../generators/answers/flags.ts';
import { options, valuesOf, type OptionKey } from '../../generators/answers/options.ts';
import { optionsPage } from '../../generators/answers/options-page.ts';
import { cli, scratch } from './terminal.ts';

/** One test value an option: a new option does not compile until it has one. */
const examples: Readonly<Record<OptionKey, { typed: string; value: unknown }>> = {
  name: { typed: 'acme', value: 'acme' },
  preset: { typed: 'default', value: 'default' },
  framework: { typed: 'fastify', value: 'fastify' },
  resolution: { typed: 'api-key', value: ['api-key'] },
  strategy: { typed: 'shared-schema', value: ['shared-schema'] },
  context: { typed: 'sealed', value: 'sealed' },
  billing: { typed: 'none', value: 'none' },
  modules: { typed: 'projects', value: ['projects'] },
  packageManager: { typed: 'npm', value: 'npm' },
  install: { typed: '', value: true },
  git: { typed: '', value: true },
  verify: { typed: '', value: true },
};

const help = (): string => addFlags(new Command()).helpInformation();

const parse = (...args: string[]) => choicesFromFlags(addFlags(new Command()).parse(args, { from: 'user' }).opts());

describe.each(options.map((option) => [option.key, option] as const))('the option %s', (key, option) => {
  const example = examples[key];

  it('has a label, a question and a hint', () => {
    for (const text of [option.label, option.question, option.hint]) expect(text).toMatch(/\S/);
  });

  it('has a flag', () => {
    expect(help()).toMatch(new RegExp(`${option.flag}|${option.flag.replace('--', '--no-')}`));
    const args = option.kind === 'switch' ? [option.flag] : [option.flag, example.typed];
    expect(parse(...args)).toEqual({ [key]: example.value });
    if (option.kind === 'switch') expect(parse(option.flag.replace('--', '--no-'))).toEqual({ [key]: false });
  });

  it('is documented, with every value', () => {
    expect(optionsPage()).toContain(`\`${option.flag}`);
    for (const { value } of option.choices ?? []) expect(optionsPage()).toContain(`- \`${value}\`:`);
  });

  it('takes every value that is available, and its default is one', async () => {
    for (const value of valuesOf(option).now)
      expect(option.schema.safeParse(option.kind === 'several' ? [value] : value).success).toBe(true);
    const { now } = valuesOf(option);
    if (now.length > 0) for (const value of [option.fallback].flat()) expect(now).toContain(value);
  });

  if (valuesOf(option).later.length > 0)
    it('refuses what is not available yet, with exit code 2 and what is', async () => {
      for (const value of valuesOf(option).later) {
        const run = await cli(await scratch(), ['x', '--yes', option.flag, value]);
        expect(run.code).toBe(2);
        expect(run.stderr).toContain(`"${value}" is not available yet`);
        expect(run.stderr).toContain(`Available now: ${valuesOf(option).now.join(', ')}`);
      }
    });

  if (option.choices !== undefined)
    it('refuses an unknown value, with exit code 2 and those there are', async () => {
      const run = await cli(await scratch(), ['x', '--yes', option.flag, 'nonsense']);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(`${option.flag}: "nonsense"`);
      for (const value of valuesOf(option).now) expect(run.stderr).toContain(value);
    });
});

describe('lists', () => {
  it('may be one word with commas, or a flag that is repeated', () => {
    expect(parse('--resolution', 'jwt,api-key')).toEqual(parse('--resolution', 'jwt', '--resolution', 'api-key'));
  });

  it.each(['shared-schema,schema-per-tenant', 'schema-per-tenant,shared-schema,database-per-tenant'])(
    'of the strategies %s are not available yet',
    async (strategies) => {
      const run = await cli(await scratch(), ['x', '--yes', '--strategy', strategies]);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('not available yet')]);
    },
  );

  it.each(['shared-schema,database-per-tenant', 'database-per-tenant,shared-schema'])(
    'of the strategies %s keep their order: the first is what new tenants get',
    async (strategies) => {
      const run = await cli(await scratch(), ['x', '--yes', '--dry-run', '--json', '--strategy', strategies]);
      expect(run.code).toBe(0);
      expect((JSON.parse(run.stdout) as { answers: object }).answers).toMatchObject({
        strategy: strategies.split(','),
      });
    },
  );
});
