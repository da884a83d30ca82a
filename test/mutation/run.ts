import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Answers } from '../../generators/answers/options.ts';
import { generate } from '../../generators/engine/generate.ts';
import { killAll } from '../../generators/programs/run.ts';
import { createPackages } from '../matrix/packages.ts';
import { runCommand, writeRepository } from '../matrix/repository.ts';
import { exceptions, mostExceptions, restless } from './exceptions.ts';
import {
  type Answer,
  difference,
  fromMarkdown,
  groupsIn,
  leavingOut,
  mutationsIn,
  type Order,
  planOf,
  problemsOf,
  type Table,
  toMarkdown,
  toTable,
} from './table.ts';

// The test of the tests: asks the groups of generated isolation suites about their mutations, as many as it takes to see every check turn red and every mutation named, and compares the
// answers with the tables. With --update it asks every group about every mutation, and writes them.
// usage: npm run test:mutation [-- --update] [word in a table's name]

interface Repository {
  /** The file that holds its table. */
  readonly file: string;
  readonly strategy: Answers['strategy'];
  readonly part: Order['part'];
  /** What the table says of itself. */
  readonly what: string;
}

const more = 'Fastify; JWT, API key and subdomain; sealed context';

/** Each is asked about what those before it have not. */
const repositories: readonly Repository[] = [
  {
    file: 'table.md',
    strategy: ['shared-schema'],
    part: 'all',
    what: `Every group of a generated repository (${more})`,
  },
];

/** Each has a PostgreSQL of its own: roles belong to the whole cluster. */
const shares = 2;

const folder = await mkdtemp(join(tmpdir(), 'mutation-'));
await chmod(folder, 0o711); // for the user that PostgreSQL runs as; otherwise the repository copies its programs
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll(); // they have process groups of their own
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
}

try {
  const update = process.argv.includes('--update');
  const [word = ''] = process.argv.slice(2).filter((each) => !each.startsWith('--'));
  for (const [check, why] of Object.entries(exceptions)) console.log(`exception: ${check}: ${why}`);
  const packages = createPackages(folder);
  const before: Table[] = [];
  let problems = Object.keys(exceptions).length > mostExceptions ? 1 : 0;
  if (problems > 0) console.log(`There are more than ${mostExceptions} exceptions.`);
  for (const repository of repositories) {
    const path = resolve(import.meta.dirname, repository.file);
    const known = fromMarkdown(await readFile(path, 'utf8').catch(() => ''));
    if (!repository.file.includes(word)) {
      before.push(known);
      continue;
    }
    const tested = await test(repository, known, before, packages, update);
    problems += tested.problems;
    if (update) await writeFile(path, toMarkdown(tested.table, repository.what));
    before.push(update ? tested.table : known);
  }
  process.exitCode = problems === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Asks, and compares with what is known unless that is to be written anew. Tells the problems, and returns how many there are. */
async function test(
  repository: Repository,
  known: Table,
  before: readonly Table[],
  packages: ReturnType<typeof createPackages>,
  update: boolean,
): Promise<{ readonly problems: number; readonly table: Table }> {
  const { file, part } = repository;
  const named = [...planOf(known)].map(([name, groups]) => [name, [...groups]]);
  const answers = await ask(repository, packages, {
    plan: update ? null : (Object.fromEntries(named) as Record<string, string[]>),
    part,
    known: { groups: before.flatMap(groupsIn), mutations: before.flatMap(mutationsIn) },
  });
  const table = toTable(answers, restless);
  const accepted = Object.entries(exceptions).filter(([check]) => part === 'all' || table.has(check));
  const problems = problemsOf(answers, table, Object.fromEntries(accepted));
  const changed = update ? [] : difference(leavingOut(known, restless), leavingOut(table, restless), answers);
  if (changed.length > 0)
    problems.push(
      `The answers differ from test/mutation/${file}. Next: npm run test:mutation -- --update, and review what it changes.\n${changed.join('\n')}`,
    );
  for (const problem of problems) console.log(problem);
  const slowest = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => b - a)[0] ?? 0;
  console.log(
    `${file}: ${answers.length - 1} mutations, ${table.size} checks, the slowest answer after ${Math.round(slowest / 1000)} s: ${problems.length} problems`,
  );
  return { problems: problems.length, table };
}

/** The answers in the order of the mutations. */
async function ask(
  { file, strategy }: Repository,
  packages: ReturnType<typeof createPackages>,
  order: Order,
): Promise<Answer[]> {
  const tree = await generate({
    name: 'acme-app',
    preset: 'default',
    framework: 'fastify',
    strategy,
    resolution: ['jwt', 'api-key', 'subdomain'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
  });
  const dir = join(folder, file.replace('.md', ''));
  await writeRepository(dir, tree);
  await packages.link(tree, 'npm', dir);
  const script = resolve(import.meta.dirname, 'ask.ts');
  const ordered = join(folder, `${file}.json`);
  await writeFile(ordered, JSON.stringify(order));
  const command = `node --import tsx ${script} ${ordered}`;
  const printed = await Promise.all(
    Array.from({ length: shares }, (_, share) => runCommand(dir, `${command} ${share} ${shares}`)),
  );
  const answered = printed.map((lines) => lines.split('\n').filter((line) => line.startsWith('{')));
  const longest = Math.max(...answered.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => answered.flatMap((lines) => lines[turn] ?? []))
    .flat()
    .map((line) => JSON.parse(line) as Answer);
}
