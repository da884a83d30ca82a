import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { writeRepository } from '../matrix/repository.ts';
import { makeScratch } from '../scratch.ts';
import { type Given, open, openGiven, withClient } from './given.ts';
import { type Plan, plans, type Spot } from './plans.ts';
import { attack, command, type Ended, killAll } from './runs.ts';

// Proves that `npm run isolation -- --against` leaves a database as it was: after a run, after one with findings, killed at every step, interrupted, cut off, and beside others at work.
// usage: npm run test:against [-- <strategy>...], of which several at once have commas between

const { folder, remove } = await makeScratch('against', killAll);
const packages = createPackages(folder);
let failures = 0;
const asked = process.argv.slice(2);
const begun = performance.now();
const left = new Set<string>();
try {
  const chosen = plans.filter(({ strategy }) => asked.length === 0 || asked.includes(strategy.join()));
  for (const plan of chosen) await prove(plan);
  if (chosen.length === plans.length) compareWithDocumentation();
} finally {
  killAll();
  process.chdir(tmpdir());
  remove();
}
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(failures === 0 ? `each database was as before each time; ${seconds} s` : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

async function prove(plan: Plan): Promise<void> {
  console.log(plan.strategy.join());
  const repository = join(folder, plan.strategy.join('-and-'));
  const tree = await generate({
    name: 'acme-app',
    preset: 'default',
    framework: 'fastify',
    strategy: plan.strategy,
    resolution: ['jwt', 'api-key'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
  });
  await writeRepository(repository, tree);
  await packages.link(tree, 'npm', repository);
  process.chdir(repository);
  const given = await openGiven(repository, plan.moves === true);
  try {
    await attackInEveryWay(plan, given);
  } finally {
    await given.close();
  }
}

async function attackInEveryWay(plan: Plan, given: Given): Promise<void> {
  await check('a run that finds nothing', given, async () => {
    const ended = await command(given);
    if (ended.code !== '0' || !/^result isolated/m.test(ended.output)) throw new Error(told(ended));
    for (const wanted of plan.told) expectResult(ended, wanted);
    for (const [, reason = ''] of ended.output.matchAll(/^not covered (.*)$/gm)) left.add(reason);
  });
  for (const [step, after] of plan.deaths) {
    await check(`killed ${after === 0 ? 'at' : `${after} ms after`} the step ${step}`, given, async () => {
      const { code, output } = await attack(given, step, String(after)).done;
      if (code !== 'SIGKILL') throw new Error(`ended by itself, ${code}: ${output}`);
    });
  }
  if (plan.needed !== undefined) await disturbed(plan.needed(given), given);
  for (const { what, statements, found } of plan.breaks) {
    for (const [url, sql] of statements(given)) await withClient(url, (admin) => admin.query(sql));
    await check(`a run that finds ${what}`, given, async () => {
      const ended = await command(given);
      if (ended.code !== '4' || !/^result broken/m.test(ended.output)) throw new Error(told(ended));
      for (const wanted of found) expectResult(ended, wanted);
    });
  }
}

/** Interrupted, cut off, held up by others, and beside them. */
async function disturbed({ url, table }: Spot, given: Given): Promise<void> {
  await check('interrupted by Ctrl-C', given, async () => {
    const { child, done, reached } = attack(given);
    await reached('matrix');
    child.kill('SIGINT');
    await done;
  });
  await check('its connections cut', given, async () => {
    const { done, reached } = attack(given);
    await reached('injection');
    await given.cut();
    const { output } = await done;
    if (/^result isolated/m.test(output)) throw new Error(`says that it is isolated:\n${output}`);
  });
  await check('a table that somebody has locked', given, async () => {
    const { output, milliseconds } = await withClient(url, async (other) => {
      await other.query(`begin; lock table ${table} in access exclusive mode`);
      return await attack(given).done;
    });
    if (/^result isolated/m.test(output) || !/lock timeout|projects/.test(output)) throw new Error(output);
    if (milliseconds > 60_000) throw new Error(`waited for ${milliseconds} ms`);
  });
  await besideOthers(given);
}

/** Does it, and compares the databases before and after. */
async function check(name: string, given: Given, work: () => Promise<void>): Promise<void> {
  await given.remember();
  const problems: string[] = [];
  await work().catch((error: Error) => problems.push(error.message));
  problems.push(...(await given.changes()));
  tell(name, problems);
}

/** What a run left out, and why, is what docs/isolation.md says, no less and no more. */
function compareWithDocumentation(): void {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/isolation.md'), 'utf8');
  const rows = page.matchAll(/^\| ([A-Z]\d*(?:, [A-Z]\d*)*) \| (.+) \|$/gm);
  const documented = new Set(
    [...rows].flatMap(([, threats = '', why]) => threats.split(', ').map((threat) => `${threat}: ${why}`)),
  );
  const said = new Set(
    [...left]
      .filter((reason) => !reason.startsWith('mutations'))
      .map((reason) => reason.replaceAll('acme_app', 'my_saas')),
  );
  tell('what is not covered is what docs/isolation.md says', [
    ...[...said].filter((reason) => !documented.has(reason)).map((reason) => `not documented: ${reason}`),
    ...[...documented].filter((reason) => !said.has(reason)).map((reason) => `nothing says: ${reason}`),
  ]);
}

function expectResult(ended: Ended, wanted: RegExp): void {
  if (!wanted.test(ended.output)) throw new Error(`${wanted}: ${told(ended)}`);
}

function told({ code, output }: Ended): string {
  return `ended with ${code}, and said ${output}`;
}

/** Others read and write what tenants have while it runs, and wait for nothing. Writes rows, so that it compares none. */
async function besideOthers(given: Given): Promise<void> {
  const [tenant] = given.tenants;
  if (tenant === undefined) throw new Error('there is no tenant');
  const [there, here] = [await open(tenant.url), await open(given.adminUrl)];
  for (const other of [there, here]) await other.query(`set lock_timeout = '1s'`);
  const { done } = attack(given);
  let over = false;
  const ended = done.finally(() => (over = true));
  let turns = 0;
  let problem: string | undefined;
  const { projects, members } = tenant;
  while (!over && problem === undefined) {
    const work = `begin; select count(*) from ${members}; update ${projects} set name = name where id = (select id from ${projects} limit 1); commit`;
    await Promise.all([there.query(work), here.query('insert into elsewhere.invoices (total) values (1)')]).catch(
      (error: Error) => (problem = error.message),
    );
    turns += 1;
    await setTimeout(2); // so that it is not this which takes the time
  }
  const { output } = await ended;
  await Promise.all([there.end(), here.end()]);
  if (!/^result isolated/m.test(output)) problem ??= output;
  tell(`others read and wrote ${turns} times while it ran`, problem === undefined ? [] : [problem]);
}

function tell(name: string, problems: readonly string[]): void {
  if (problems.length > 0) failures += 1;
  console.log(
    `  ${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name}${problems.map((each) => `\n        ${each}`).join('')}`,
  );
}
