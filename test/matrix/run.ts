import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from 'prettier';
import { generate } from '../../generators/engine/generate.ts';
import { makeScratch } from '../scratch.ts';
import { combinations, pairwise, reproduce, toRun } from './combinations.ts';
import { createFresh } from './fresh.ts';
import { servedDocument } from './openapi.ts';
import { createPackages } from './packages.ts';
import {
  type Combination,
  runCommand,
  runScript,
  sourceOf,
  withCarriageReturns,
  writeRepository,
} from './repository.ts';

// Generates every valid combination of answers, type-checks and lints each distinct source, and lets some test and attack themselves.
// usage: npm run test:matrix [-- --minutes <n>]; after so many it begins no further source, once every two answers have met, and says how many it left out

const { values } = parseArgs({ options: { minutes: { type: 'string' } } });
const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
if (!(minutes > 0)) throw new Error(`--minutes takes a number, not ${values.minutes}`);

/** How many pieces of work run at the same time. */
const lanes = 2;

const { folder, remove } = await makeScratch('matrix');
const packages = createPackages(folder);
const start = performance.now();
const failures: { readonly what: string; readonly output: string }[] = [];

const say = (line: string): void =>
  console.log(`${((performance.now() - start) / 1000).toFixed(0).padStart(5)}s  ${line}`);

async function inLanes<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const [index, item] of queue) await work(item, index);
    }),
  );
}

/** The end of what a command printed, without the tests that passed. */
const whatFailed = (output: string): string =>
  output
    .trim()
    .split('\n')
    .filter((line) => !line.includes('✓'))
    .slice(-40)
    .join('\n');

/** Does a part of the work for a combination; a failure is told with the command that generates it, and the rest goes on. */
async function attempt(what: string, { answers }: Combination, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const failure = { what: `${what}: ${reproduce(answers)}`, output: whatFailed((error as Error).message) };
    failures.push(failure);
    say(`FAILED ${failure.what}`);
    return false;
  }
}

const made: Combination[] = [];
for (const answers of combinations()) made.push({ answers, tree: await generate(answers) });

say(`${made.length} combinations generated`);

/** Files that several combinations share are looked at once; returns how many there are. */
async function checkFormat(): Promise<number> {
  const formatted = new Set<string>();
  for (const combination of made) {
    for (const { path, content } of combination.tree.values()) {
      if (!/\.(ts|json|md|ya?ml)$/.test(path) || formatted.has(`${path}\0${content}`)) continue;
      formatted.add(`${path}\0${content}`);
      await attempt('format', combination, async () => {
        if (!(await check(content, { filepath: path, singleQuote: true, printWidth: 120 }))) throw new Error(path);
      });
    }
  }
  return formatted.size;
}
// This process would do nothing but wait meanwhile.
const formatting = checkFormat();

// The last of those with the same source: another package manager than npm is stricter about what may be imported.
const sources = [...new Map(made.map((each) => [sourceOf(each.tree), each])).values()];
const first = pairwise(sources.map(({ answers }) => answers));
const isFirst = ({ answers }: Combination): boolean => first.includes(answers);
const distinct = [...sources.filter(isFirst), ...sources.filter((each) => !isFirst(each))];
const documents = new Map<string, { readonly document: string; readonly from: Combination }>();
const counts = { typed: 0, left: 0, files: 0, compared: 0, tested: 0, isolated: 0 };
const fresh = createFresh();

await inLanes(distinct, async (combination, index) => {
  const { answers, tree } = combination;
  if (index >= first.length && performance.now() - start > minutes * 60_000) {
    counts.left++;
    return;
  }
  const dir = join(folder, `source-${index}`);
  await attempt('set-up', combination, async () => {
    await writeRepository(dir, tree);
    await packages.link(tree, answers.packageManager, dir);
    // The linter reports what the compiler would, at half the cost of both; test/matrix/pairwise.test.ts runs the compiler.
    const files = fresh(tree);
    counts.files += files.length;
    const clean = await attempt('lint and typecheck', combination, async () => {
      // Rules that know no types look at every file: at cycles of imports, for one.
      await runCommand(dir, 'oxlint');
      if (files.length > 0) await runScript(dir, tree, 'lint', `--type-check ${files.join(' ')}`);
    });
    if (clean) counts.typed++;
    await attempt('OpenAPI document', combination, async () => {
      const document = await servedDocument(dir);
      const key = JSON.stringify({ ...answers, framework: '' });
      const other = documents.get(key);
      documents.set(key, other ?? { document, from: combination });
      if (other === undefined) return;
      if (other.document !== document) throw new Error(`differs from that of ${reproduce(other.from.answers)}`);
      counts.compared++;
    });
  });
  await rm(dir, { recursive: true, force: true });
});
say(
  `${distinct.length} distinct sources: ${counts.typed} typed and linted, in all ${counts.files} files; ${counts.compared} OpenAPI documents equal in another framework; ${await formatting} distinct files formatted`,
);

const { single, fullest, separate } = toRun(made.map(({ answers }) => answers));
const running = made.filter(({ answers }) => [...single, ...fullest, ...separate].includes(answers));
await inLanes(running, async (combination, index) => {
  const { answers } = combination;
  // The fullest as an agency has them that checks out with the line endings of Windows.
  const tree = fullest.includes(answers) ? withCarriageReturns(combination.tree) : combination.tree;
  const dir = join(folder, `running-${index}`);
  await attempt('set-up', combination, async () => {
    await writeRepository(dir, tree);
    await packages.link(combination.tree, answers.packageManager, dir);
    for (const script of tree === combination.tree ? [] : ['typecheck', 'lint']) {
      await attempt(`${script} with CRLF`, combination, () => runScript(dir, tree, script));
    }
    if (await attempt('test', combination, () => runScript(dir, tree, 'test'))) counts.tested++;
    if (await attempt('isolation', combination, () => runScript(dir, tree, 'isolation'))) counts.isolated++;
    say(`ran ${reproduce(answers)}`);
  });
  await rm(dir, { recursive: true, force: true });
});

remove();
say(
  `${packages.installed()} sets of packages installed; of ${running.length} that run, ${counts.tested} tested and ${counts.isolated} isolated`,
);
for (const { what, output } of failures) console.log(`FAILED ${what}\n${output}`);
console.log(
  `${made.length} combinations, ${distinct.length} distinct sources: ${counts.typed} typed, ${counts.tested} tested, ${counts.isolated} isolated; ${failures.length} failed${counts.left === 0 ? '' : `; ${counts.left} sources left out after ${minutes} minutes`}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
