import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { writeRepository } from '../matrix/repository.ts';
import { differences, fingerprint } from './fingerprint.ts';

// Proves that `npm run isolation -- --against` leaves a database as it was: after a run, after one with findings, killed at every step, interrupted, cut off, and beside others at work.
// usage: npm run test:against

interface Server {
  readonly adminUrl: string;
  readonly template: string;
  readonly environment: Readonly<Record<string, string>>;
}

interface Given {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
  readonly admin: pg.Client;
}

/** Where a run is killed: at the first moment of each step, and in the middle of two long ones. */
const deaths: readonly (readonly [step: string, milliseconds: number])[] = [
  ...['lint', 'roles', 'matrix', 'relations', 'functions', 'injection', 'planner', 'side channels', 'victim'].map(
    (step) => [step, 0] as const,
  ),
  ['matrix', 200],
  ['side channels', 150],
];

const folder = await mkdtemp(join(tmpdir(), 'against-'));
await chmod(folder, 0o711); // for the user that PostgreSQL runs as
const repository = join(folder, 'repository');
const running = new Set<ChildProcess>();
let failures = 0;

const tree = await generate({
  name: 'acme-app',
  preset: 'default',
  framework: 'fastify',
  strategy: ['shared-schema'],
  resolution: ['jwt', 'api-key'],
  billing: 'none',
  context: 'sealed',
  packageManager: 'npm',
  modules: ['projects', 'tasks'],
});
await writeRepository(repository, tree);
await createPackages(folder).link(tree, 'npm', repository);
process.chdir(repository);
const own = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(repository, path)).href)) as T;
const { startPostgres } = await own<{
  startPostgres: (options: { purpose: 'test' }) => Promise<{ adminUrl: string; stop: () => Promise<void> }>;
}>('scripts/postgres/start.ts');
const postgres = await startPostgres({ purpose: 'test' });
try {
  const given = await prepare(postgres.adminUrl);
  await check('a run that finds nothing', given, async () =>
    expectResult(await attack(given).done, /^result isolated/m),
  );
  for (const [step, after] of deaths) {
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
    await given.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    const { output } = await done;
    if (/^result isolated/m.test(output)) throw new Error(`says that it is isolated:\n${output}`);
  });
  await check('a table that somebody has locked', given, async () => {
    const other = await open(given.adminUrl);
    await other.query('begin; lock table app.projects in access exclusive mode');
    const { output, milliseconds } = await attack(given).done;
    await other.end();
    if (/^result isolated/m.test(output) || !/lock timeout|projects/.test(output)) throw new Error(output);
    if (milliseconds > 60_000) throw new Error(`waited for ${milliseconds} ms`);
  });
  await besideOthers(given);
  await given.admin.query(
    'alter policy tenant_floor on app.projects using (true); alter policy tenant_allow on app.projects using (true)',
  );
  await check('a run that finds something', given, async () =>
    expectResult(await attack(given).done, /^result broken\n(.*\n)*finding .* app\.projects/m),
  );
  await given.admin.end();
} finally {
  for (const child of running) child.kill('SIGKILL');
  await postgres.stop();
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'the database was as before each time' : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

/** A database with two tenants, somebody else's schema, sequences that were used, and a large object. */
async function prepare(serverUrl: string): Promise<Given> {
  const { prepareServer } = await own<{ prepareServer: (url: string) => Promise<Server> }>('test/setup/database.ts');
  const { createTenant } = await own<{ createTenant: (client: pg.Client, input: object) => Promise<unknown> }>(
    'src/platform/tenants.ts',
  );
  const { template, environment } = await prepareServer(serverUrl);
  const adminUrl = Object.assign(new URL(serverUrl), { pathname: `/${template}` }).href;
  const platform = await open(environment['DATABASE_PLATFORM_URL'] ?? '');
  for (const slug of ['acme', 'globex']) await createTenant(platform, { slug, environment });
  await platform.end();
  const admin = await open(adminUrl);
  await admin.query(`
    insert into app.projects (tenant_id, id, name)
      select t.id, gen_random_uuid(), 'Project ' || n from platform.tenants as t, generate_series(1, 20000) as n;
    create schema elsewhere;
    create table elsewhere.invoices (id bigint generated always as identity primary key, total numeric);
    insert into elsewhere.invoices (total) select n from generate_series(1, 100) as n;
    create sequence elsewhere.numbers;
    select nextval('elsewhere.numbers');
    select lo_from_bytea(0, 'kept');
    create role elsewhere_owner;
    alter schema elsewhere owner to elsewhere_owner;
    analyze`);
  return { adminUrl, runtimeUrl: environment['DATABASE_URL'] ?? '', admin };
}

async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // Its statement fails.
  await client.connect();
  return client;
}

/** Does it, and compares the database before and after, once nobody else is connected. */
async function check(name: string, { admin }: Given, work: () => Promise<void>): Promise<void> {
  const before = await fingerprint(admin);
  const problems: string[] = [];
  await work().catch((error: Error) => problems.push(error.message));
  const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
  for (let tries = 0; (await admin.query(others)).rowCount !== 0 && tries < 200; tries++) await pause(50);
  problems.push(...differences(before, await fingerprint(admin)));
  if (problems.length > 0) failures += 1;
  console.log(
    `${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name}${problems.map((each) => `\n        ${each}`).join('')}`,
  );
}

interface Ended {
  readonly code: string;
  readonly output: string;
  readonly milliseconds: number;
}

function attack({ adminUrl, runtimeUrl }: Given, ...more: readonly string[]) {
  const start = performance.now();
  const script = resolve(import.meta.dirname, 'attack.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, adminUrl, runtimeUrl, ...more], {
    cwd: repository,
  });
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

/** Others read and write every table while it runs, and wait for nothing. Writes rows, so that it compares none. */
async function besideOthers(given: Given): Promise<void> {
  const other = await open(given.adminUrl);
  await other.query(`set lock_timeout = '1s'`);
  const { done } = attack(given);
  let over = false;
  const ended = done.finally(() => (over = true));
  let turns = 0;
  let problem: string | undefined;
  while (!over && problem === undefined) {
    const work = `begin; select count(*) from app.members; update app.projects set name = name where id = (select id from app.projects limit 1);
      insert into elsewhere.invoices (total) values (1); commit`;
    await other.query(work).catch((error: Error) => (problem = error.message));
    turns += 1;
  }
  const { output } = await ended;
  await other.end();
  if (!/^result isolated/m.test(output)) problem ??= output;
  if (problem !== undefined) failures += 1;
  console.log(
    `${problem === undefined ? 'ok    ' : 'FAILED'}  others read and wrote ${turns} times while it ran${problem === undefined ? '' : `\n        ${problem}`}`,
  );
}
