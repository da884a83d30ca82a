import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { writeRepository } from '../matrix/repository.ts';
import { type Given, open, openGiven, withClient } from './given.ts';
import { type Plan, plans } from './plans.ts';

// Proves that `npm run isolation -- --against` leaves a database as it was: after a run, after one with findings, killed at every step, interrupted, cut off, and beside others at work.
// usage: npm run test:against [-- <strategy>...]

const folder = await mkdtemp(join(tmpdir(), 'against-'));
await chmod(folder, 0o711); // for the user that PostgreSQL runs as
const packages = createPackages(folder);
const running = new Set<ChildProcess>();
let failures = 0;
const asked = process.argv.slice(2);
const begun = performance.now();
try {
  for (const plan of plans.filter(({ strategy }) => asked.length === 0 || asked.includes(strategy))) await prove(plan);
} finally {
  for (const child of running) child.kill('SIGKILL');
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
}
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(failures === 0 ? `each database was as before each time; ${seconds} s` : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

async function prove(plan: Plan): Promise<void> {
  console.log(plan.strategy);
  const repository = join(folder, plan.strategy);
  const tree = await generate({
    name: 'acme-app',
    preset: 'default',
    framework: 'fastify',
    strategy: [plan.strategy],
    resolution: ['jwt', 'api-key'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
  });
  await writeRepository(repository, tree);
  await packages.link(tree, 'npm', repository);
  process.chdir(repository);
  const given = await openGiven(repository);
  try {
    await attackInEveryWay(plan, given);
  } finally {
    await given.close();
  }
}

async function attackInEveryWay(plan: Plan, given: Given): Promise<void> {
  await check('a run that finds nothing', given, async () => {
    const ended = await attack(given).done;
    expectResult(ended, /^result isolated/m);
    for (const left of plan.left) expectResult(ended, left);
  });
  for (const [step, after] of plan.deaths) {
    await check(`killed ${after === 0 ? 'at' : `${after} ms after`} the step ${step}`, given, async () => {
      const { code, output } = await attack(given, step, String(after)).done;
      if (code !== 'SIGKILL') throw new Error(`ended by itself, ${code}: ${output}`);
    });
  }
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
    const { url, table } = plan.needed(given);
    const { output, milliseconds } = await withClient(url, async (other) => {
      await other.query(`begin; lock table ${table} in access exclusive mode`);
      return await attack(given).done;
    });
    if (/^result isolated/m.test(output) || !/lock timeout|projects/.test(output)) throw new Error(output);
    if (milliseconds > 60_000) throw new Error(`waited for ${milliseconds} ms`);
  });
  await besideOthers(given);
  const { url, table } = plan.opened(given);
  const opened = `alter policy tenant_floor on ${table} using (true); alter policy tenant_allow on ${table} using (true)`;
  await withClient(url, (admin) => admin.query(opened));
  await check('a run that finds something', given, async () => expectResult(await attack(given).done, plan.found));
}

/** Does it, and compares the databases before and after. */
async function check(name: string, given: Given, work: () => Promise<void>): Promise<void> {
  await given.remember();
  const problems: string[] = [];
  await work().catch((error: Error) => problems.push(error.message));
  problems.push(...(await given.changes()));
  tell(name, problems);
}

interface Ended {
  readonly code: string;
  readonly output: string;
  readonly milliseconds: number;
}

function attack({ adminUrl, runtimeUrl }: Given, ...more: readonly string[]) {
  const start = performance.now();
  const script = resolve(import.meta.dirname, 'attack.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, adminUrl, runtimeUrl, ...more]);
  running.add(child);
  let output = '';
  const waiting: (() => void)[] = [];
  const hear = (chunk: Buffer) => {
    output += chunk.toString();
    for (const look of waiting) look();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const done = new Promise<Ended>((end) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      for (const look of waiting) look();
      end({ code: String(signal ?? code), output, milliseconds: performance.now() - start });
    });
  });
  const reached = (step: string) =>
    new Promise<void>((go, fail) => {
      const look = () => {
        if (output.includes(`step ${step}\n`)) go();
        else if (child.exitCode !== null) fail(new Error(`ended before ${step}: ${output}`));
      };
      waiting.push(look);
      look();
    });
  return { child, done, reached };
}

function expectResult({ output }: Ended, wanted: RegExp): void {
  if (!wanted.test(output)) throw new Error(`said ${output}`);
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
