import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { runCommand, writeRepository } from '../matrix/repository.ts';
import { makeScratch } from '../scratch.ts';
import { exceptions, mostExceptions, restless } from './exceptions.ts';
import { type Answer, difference, fromMarkdown, leavingOut, planOf, problemsOf, toMarkdown, toTable } from './table.ts';

// The test of the tests: asks the groups of a generated isolation suite about its mutations, as many as it takes to see every check turn red and every mutation named, and compares the
// answers with table.md. With --update it asks every group about every mutation, and writes the file.
// usage: npm run test:mutation [-- --update]

const committed = resolve(import.meta.dirname, 'table.md');
/** Each has a PostgreSQL of its own: roles belong to the whole cluster. */
const shares = 2;

const { folder, remove } = await makeScratch('mutation');

try {
  const update = process.argv.includes('--update');
  const known = fromMarkdown(await readFile(committed, 'utf8').catch(() => ''));
  const answers = await ask(update ? undefined : planOf(known));
  const table = toTable(answers, restless);
  const problems = problemsOf(answers, table, exceptions);
  for (const [check, why] of Object.entries(exceptions)) console.log(`exception: ${check}: ${why}`);
  if (Object.keys(exceptions).length > mostExceptions)
    problems.push(`There are more than ${mostExceptions} exceptions.`);
  if (update) {
    await writeFile(committed, toMarkdown(table));
  } else {
    const changed = difference(leavingOut(known, restless), leavingOut(table, restless), answers);
    if (changed.length > 0)
      problems.push(
        `The answers differ from test/mutation/table.md. Next: npm run test:mutation -- --update, and review what it changes.\n${changed.join('\n')}`,
      );
  }
  for (const problem of problems) console.log(problem);
  const slowest = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => b - a)[0] ?? 0;
  console.log(
    `${answers.length - 1} mutations, ${table.size} checks, the slowest answer after ${Math.round(slowest / 1000)} s: ${problems.length} problems`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  remove();
}

/** The answers in the order of the mutations; without a plan, those of every group. */
async function ask(plan?: ReadonlyMap<string, ReadonlySet<string>>): Promise<Answer[]> {
  const tree = await generate({
    name: 'acme-app',
    preset: 'default',
    framework: 'fastify',
    strategy: ['shared-schema'],
    resolution: ['jwt', 'api-key', 'subdomain'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
  });
  const dir = join(folder, 'repository');
  await writeRepository(dir, tree);
  await createPackages(folder).link(tree, 'npm', dir);
  const script = resolve(import.meta.dirname, 'ask.ts');
  const planned = join(folder, 'plan.json');
  const named = [...(plan ?? [])].map(([name, groups]) => [name, [...groups]]);
  await writeFile(planned, JSON.stringify(plan === undefined ? null : Object.fromEntries(named)));
  const command = `node --import tsx ${script} ${planned}`;
  const printed = await Promise.all(
    Array.from({ length: shares }, (_, share) => runCommand(dir, `${command} ${share} ${shares}`)),
  );
  const answered = printed.map((lines) => lines.split('\n').filter((line) => line.startsWith('{')));
  const longest = Math.max(...answered.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => answered.flatMap((lines) => lines[turn] ?? []))
    .flat()
    .map((line) => JSON.parse(line) as Answer);
}
