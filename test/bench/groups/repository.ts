import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript } from '../../matrix/repository.ts';
import { type Application, createApplication } from '../application.ts';
import { median } from '../harness.ts';
import type { Figure, Group } from '../report.ts';

const runs = 11;
/** Of what takes many seconds. */
const longRuns = 3;

type Environment = Readonly<Record<string, string>>;

interface Server {
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
}
interface TestDatabase {
  readonly adminUrl: string;
  readonly environment: Environment;
}
/** What a process is started with, and what it is then asked with. */
interface Deployment {
  readonly environment: Environment;
  readonly apiKey: string;
}

/** What people wait for who work in a generated repository. */
export const repository: Group = {
  about: 'the generated repository: its checks, its isolation suite, the start of its build',
  async measure() {
    const application = await createApplication({ name: 'repository' });
    const seconds = async (script: string, count: number): Promise<number> => {
      const all: number[] = [];
      for (let run = 0; run < count; run++) {
        const start = performance.now();
        await runScript(application.dir, application.tree, script);
        all.push((performance.now() - start) / 1000);
      }
      return median(all);
    };
    const figures: Figure[] = [
      { name: 'typecheck', value: await seconds('typecheck', runs), unit: 's', atMost: 2 },
      { name: 'npm test', value: await seconds('test', longRuns), unit: 's', atMost: 20 },
      {
        name: 'isolation suite, quick',
        value: await seconds('isolation', longRuns),
        unit: 's',
        atMost: 10,
        note: 'with the start of PostgreSQL, about a second',
      },
    ];
    await runScript(application.dir, application.tree, 'build');
    const starts = await startsOf(application);
    figures.push(
      { name: 'start of the build to the first rows, CPU', value: starts.cpuMs, unit: 'ms', atMost: 600 },
      { name: 'the same, from outside', value: starts.ms, unit: 'ms' },
    );
    return { setting: `Fastify, JWT and API key, sealed context; medians of ${runs} or ${longRuns} runs`, figures };
  },
};

/** Starts the built server over and over on one migrated database. */
async function startsOf(application: Application): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const { startPostgres } = await application.load<{ startPostgres: (options: object) => Promise<Server> }>(
    'scripts/postgres/start.ts',
  );
  const postgres = await startPostgres({ purpose: 'test' });
  try {
    const deployment = await deploy(application, postgres.adminUrl);
    const all = [];
    for (let run = 0; run < runs; run++) all.push(await startOnce(application.dir, deployment));
    return { ms: median(all.map(({ ms }) => ms)), cpuMs: median(all.map(({ cpuMs }) => cpuMs)) };
  } finally {
    await postgres.stop();
  }
}

/** A database with a tenant, as in production: with keys for seals of its own, and an identity provider in place of the built-in issuer. */
async function deploy({ load }: Application, serverUrl: string): Promise<Deployment> {
  const { createTestDatabaseOn, prepareServer } = await load<{
    prepareServer: (adminUrl: string) => Promise<object>;
    createTestDatabaseOn: (server: object) => Promise<TestDatabase>;
  }>('test/setup/database.ts');
  const { migrate } = await load<{
    migrate: (given: { adminUrl: string; environment: Environment }) => Promise<unknown>;
  }>('src/platform/migrations.ts');
  const { newTenant } = await load<{
    newTenant: (environment: Environment, slug: string) => Promise<{ readonly apiKey: string }>;
  }>('test/setup/tenants.ts');
  const test = await createTestDatabaseOn(await prepareServer(serverUrl));
  const environment = {
    DATABASE_URL: test.environment['DATABASE_URL'] as string,
    DATABASE_PLATFORM_URL: test.environment['DATABASE_PLATFORM_URL'] as string,
    TENANT_SEAL_KEYS: `bench:${randomBytes(32).toString('hex')}`,
    JWT_ISSUER: 'https://login.example.com',
    JWT_AUDIENCE: 'api',
    JWKS_URL: 'https://login.example.com/keys',
  };
  await migrate({ adminUrl: test.adminUrl, environment });
  const { apiKey } = await newTenant(environment, 'acme');
  return { environment, apiKey };
}

async function startOnce(dir: string, { environment, apiKey }: Deployment) {
  const probe = join(dir, '..', 'cpu.cjs');
  writeFileSync(probe, `process.on('message', () => process.send(process.cpuUsage()));`);
  const start = performance.now();
  const child = fork(join(dir, 'dist/server.js'), {
    execArgv: ['--enable-source-maps', '--require', probe],
    env: { PATH: process.env['PATH'], ...environment, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = '';
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? [];
        if (found !== undefined) resolve(found);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('error', reject);
      child.once('close', () => reject(new Error(`the server ended\n${output}`)));
    });
    const answer = await fetch(`${url}/v1/projects`, { headers: { 'x-api-key': apiKey } });
    if (answer.status !== 200) throw new Error(`the server answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    const ms = performance.now() - start;
    const { user, system } = await new Promise<NodeJS.CpuUsage>((resolve) => {
      child.once('message', resolve);
      child.send('cpu');
    });
    return { ms, cpuMs: (user + system) / 1000 };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
