import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerOptions, options, stepOptions } from '../../generators/answers/options.ts';
import { cliIn, converse, keys } from './conversation.ts';
import { programs, scratch } from './terminal.ts';

const { enter, down, space, cancel } = keys;

/** The questions in their order, each with what a person types to accept it. */
const questions: readonly string[] = [...answerOptions.map((option) => option.question), 'What should happen now?'];

describe('the interactive run', () => {
  it('asks every option once, takes the proposals, and does what was decided', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, [], await programs());
    for (const question of questions) await talk.answer(question, enter);
    expect(await run.code).toBe(0);
    const { answers } = JSON.parse(await readFile(join(cwd, 'my-saas/tenant-app.json'), 'utf8'));
    expect(answers).toMatchObject({ name: 'my-saas', preset: 'default', resolution: ['jwt', 'api-key'] });
    expect(talk.shown()).toContain('Isolation holds');
  });

  it('does not ask what a flag says, nor the folder that is given', async () => {
    const cwd = await scratch();
    const talk = converse();
    const flags = ['--preset', 'default', '--package-manager', 'npm', '--no-install', '--git'];
    const run = cliIn(talk, cwd, ['acme', ...flags], await programs());
    expect(await run.code).toBe(0); // the preset answers the rest, and nothing can be proven without packages
    for (const question of questions) expect(talk.shown()).not.toContain(question);
  });

  it('takes a path, and a choice of several', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, ['--no-install', '--no-git'], await programs());
    for (const question of questions.slice(0, -1)) {
      if (question === 'What is it called?') await talk.answer(question, 'a/acme', enter);
      else if (question === 'How are tenants identified?')
        await talk.answer(question, space, enter); // jwt off
      else await talk.answer(question, enter);
    }
    expect(await run.code).toBe(0);
    const { answers } = JSON.parse(await readFile(join(cwd, 'a/acme/tenant-app.json'), 'utf8'));
    expect(answers).toMatchObject({ name: 'acme', resolution: ['api-key'] });
  });

  it('marks what is not available yet, and the cursor passes over it', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, ['acme'], await programs());
    await talk.answer('Which preset', enter);
    await talk.answer('Which framework', enter);
    await talk.answer('How are tenants identified?', enter);
    await talk.answer('How are tenants kept apart', enter);
    await talk.answer('How does PostgreSQL know', enter);
    await talk.answer('Stripe (not available yet)', down, enter);
    await talk.answer('Which example modules?', cancel);
    expect(await run.code).toBe(130);
    expect(talk.shown()).toMatch(/Do tenants pay\?\s+│\s+None/);
  });

  it('refuses a name and a folder at once, and lets the person correct it', async () => {
    const cwd = await scratch();
    await mkdir(join(cwd, 'full'));
    await writeFile(join(cwd, 'full/file'), '');
    const talk = converse();
    const run = cliIn(talk, cwd, [], await programs());
    await talk.answer('What is it called?', 'full', enter);
    await talk.answer('full is not empty', '\x15', 'pg_x', enter);
    await talk.answer('PostgreSQL reserves', cancel);
    expect(await run.code).toBe(130);
  });

  it('refuses an answer that does not go with the others, says why, and asks again', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, ['acme'], await programs());
    for (const question of questions.slice(1, questions.indexOf('Which example modules?')))
      await talk.answer(question, enter);
    await talk.answer('Which example modules?', space, enter); // projects off
    await talk.answer('the module tasks work with projects');
    await talk.answer('Which example modules?', enter);
    await talk.answer('Which package manager?', cancel);
    expect(await run.code).toBe(130);
  });

  it('leaves the proof for later when the packages are not installed', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, ['acme', '--preset', 'default', '--package-manager', 'npm'], await programs());
    await talk.answer('What should happen now?', space, enter); // installing off
    expect(await run.code).toBe(0);
    expect(talk.shown()).toContain('Nothing can be proven without packages');
    expect(talk.shown()).toContain('Isolation is not proven yet');
  });

  it.each(questions)('Ctrl-C at "%s" leaves nothing and exits with 130', async (last) => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, [], await programs());
    for (const question of questions) {
      await talk.answer(question, question === last ? cancel : enter);
      if (question === last) break;
    }
    expect(await run.code).toBe(130);
    expect(run.errors()).toContain('Nothing was written');
    expect(await readdir(cwd)).toEqual([]);
  });

  it('a signal at a question leaves nothing and exits with 130', async () => {
    const cwd = await scratch();
    const talk = converse();
    const controller = new AbortController();
    const run = cliIn(talk, cwd, [], await programs(), controller.signal);
    await talk.answer('What is it called?');
    controller.abort();
    expect(await run.code).toBe(130);
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('the advisor', () => {
  it('asks three questions, says why, and asks again', async () => {
    const cwd = await scratch();
    const talk = converse();
    const run = cliIn(talk, cwd, ['acme'], await programs());
    await talk.answer('Which preset', enter);
    await talk.answer('Which framework', enter);
    await talk.answer('How are tenants identified?', enter);
    await talk.answer('How are tenants kept apart', down, down, down, enter);
    await talk.answer('How many tenants do you expect?', enter);
    await talk.answer('Do contracts or the law demand separation?', down, down, enter);
    await talk.answer('tables or columns of their own?', enter);
    await talk.answer('Database per tenant: your tenants are promised');
    await talk.answer('How are tenants kept apart', enter);
    await talk.answer('How does PostgreSQL know', cancel);
    expect(await run.code).toBe(130);
  });
});

describe('what a question shows', () => {
  it('fits a terminal of 80 columns: clack breaks lines at 70', () => {
    for (const option of options) {
      for (const { label, hint, later } of option.choices ?? []) {
        const shown = `│  ● ${label} (${later ? 'not available yet' : hint})`;
        expect(shown.length, shown).toBeLessThanOrEqual(70);
      }
    }
    for (const { question, hint } of stepOptions) {
      expect(`│  ◼ ${question.slice(0, -1)} (${hint})`.length).toBeLessThanOrEqual(70);
    }
  });
});
