import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript } from '../../matrix/repository.ts';
import { type Application, createApplication } from '../application.ts';
import { median } from '../harness.ts';
import type { Figure, Group } from '../report.ts';

const runs = 11;
/** Tests take some twenty seconds. */
const longRuns = 3;

interface Server {
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
}
interface TestDatabase {
  readonly environment: Readonly<Record<string, string>>;
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
      { name: 'start of the build to the first answer, CPU', value: starts.cpuMs, unit: 'ms', atMost: 600 },
      { name: 'the same, from outside', value: starts.ms, unit: 'ms' },
    );
    return { setting: `Fastify, JWT and API key, sealed context; medians of ${runs} or ${longRuns} runs`, figures };
  },
};

/** Starts the built server over and over on one migrated database. */
async function startsOf({ dir, load }: Application): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const { startPostgres } = await load<{ startPostgres: (options: { purpose: 'test' }) => Promise<Server> }>(
    'scripts/postgres/start.ts',
  );
  const { createTestDatabaseOn, prepareServer } = await load<{
    prepareServer: (adminUrl: string) => Promise<object>;
    createTestDatabaseOn: (server: object) => Promise<TestDatabase>;
  }>('test/setup/database.ts');
  const postgres = await startPostgres({ purpose: 'test' });
  try {
    const { environment } = await createTestDatabaseOn(await prepareServer(postgres.adminUrl));
    const all = [];
    for (let run = 0; run < runs; run++) all.push(await startOnce(dir, environment));
    return { ms: median(all.map(({ ms }) => ms)), cpuMs: median(all.map(({ cpuMs }) => cpuMs)) };
  } finally {
    await postgres.stop();
  }
}

async function startOnce(dir: string, environment: NodeJS.ProcessEnv) {
  const probe = join(dir, '..', 'cpu.cjs');
  writeFileSync(probe, `process.on('message', () => process.send(process.cpuUsage()));`);
  const start = performance.now();
  const child = fork(join(dir, 'dist/server.js'), {
    execArgv: ['--require', probe],
    env: { PATH: process.env['PATH'], ...environment, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
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
    const answer = await fetch(`${url}/openapi.json`);
    await answer.arrayBuffer();
    const ms = performance.now() - start;
    const { user, system } = await new Promise<NodeJS.CpuUsage>((resolve) => {
      child.once('message', resolve);
      child.send('cpu');
    });
    return { ms, cpuMs: (user + system) / 1000 };
  } finally {
    child.kill('SIGTERM');
    child.disconnect();
    await ended;
  }
}
