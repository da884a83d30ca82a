import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { migrate } from '../src/platform/migrations.ts';
import type { CreatedTenant } from '../src/platform/tenants.ts';
import { parseNothing, runScript } from './arguments.ts';
import { demoTenants } from './demo-tenants.ts';
import { developmentEnvironment } from './development-environment.ts';
import { dataDirectory, readEnvironmentFile, root } from './environment.ts';
import { type PostgresServer, startPostgres } from './postgres/start.ts';
import { endLeftover, markOf, type ProcessMark, stillRuns } from './processes.ts';

const entry = join(root, 'src/server.ts');
/** Which process watches the server, and which one started it. */
const serverMark = join(dataDirectory, 'server.json');

interface ServerMark {
  readonly server: number;
  readonly startedBy: ProcessMark;
}

/** PostgreSQL, migrated, with two tenants; then the server, which restarts when a source file changes. Ctrl-C stops all of it. */
async function dev(): Promise<number> {
  const postgres = await startPostgres({ purpose: 'development', dataDirectory });
  console.log(postgres.description);
  try {
    await endLeftServer();
    const variables = await developmentEnvironment(postgres.adminUrl);
    await migrate({
      adminUrl: postgres.adminUrl,
      environment: variables,
      onStep: reportMigration,
      onWarning: console.error,
    });
    const tenants = await demoTenants(variables);
    const given = { ...readEnvironmentFile(join(root, '.env')), ...process.env };
    const environment = { ...given, ...variables, NODE_ENV: 'development' };
    return await serve(environment, postgres, (url) => console.log(invitation(tenants, url)));
  } finally {
    await postgres.stop();
  }
}

/** Nobody could tell the server of a run that was killed to stop: it would still have its port. */
async function endLeftServer(): Promise<void> {
  const mark = readServerMark();
  if (mark !== undefined && !stillRuns(mark.startedBy)) await endLeftover(mark.server, entry, 'SIGTERM');
}

function readServerMark(): ServerMark | undefined {
  try {
    return JSON.parse(readFileSync(serverMark, 'utf8')) as ServerMark;
  } catch {
    return undefined;
  }
}

function reportMigration(line: string): void {
  if (line.startsWith('applied')) console.log(line);
}

/**
 * Runs the server until it or we are told to stop, or PostgreSQL is lost. Its lines pass through; `onListening` gets the
 * first address.
 */
function serve(
  environment: NodeJS.ProcessEnv,
  { onLost }: Pick<PostgresServer, 'onLost'>,
  onListening: (url: string) => void,
): Promise<number> {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const server = spawn(process.execPath, [tsx, 'watch', '--clear-screen=false', entry], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches us alone; we tell the server once.
    detached: process.platform !== 'win32',
  });
  const mark = { server: server.pid ?? 0, startedBy: markOf(process.pid) } satisfies ServerMark;
  writeFileSync(serverMark, JSON.stringify(mark));
  let announced = false;
  server.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    const url = /listening on (http:\/\/[^\s"]+)/.exec(chunk.toString())?.[1];
    if (url === undefined || announced) return;
    announced = true;
    onListening(url);
  });
  const stop = () => void server.kill('SIGTERM');
  process.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  let lost = false;
  onLost?.(() => {
    lost = true;
    console.error('PostgreSQL has ended, and so does this. What was committed is there. Next: npm run dev');
    stop();
  });
  // npm passes a signal on to its shell, which dies and tells nobody.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || stop(), 500).unref();
  return new Promise((resolve) => {
    server.on('close', (code) => resolve(lost ? 1 : (code ?? 0)));
  });
}

/** A line to paste for every tenant and way in. */
function invitation(tenants: readonly CreatedTenant[], url: string): string {
  const { port } = new URL(url);
  const lines = tenants.flatMap(({ slug, apiKey, token, host }) => {
    const own = host === null ? url : `http://${host}:${port}`;
    return [
      `\n${slug}`,
      ...(apiKey === null ? [] : [`  curl -s ${own}/v1/projects -H 'X-API-Key: ${apiKey}'`]),
      ...(token === null ? [] : [`  curl -s ${own}/v1/projects -H 'Authorization: Bearer ${token}'`]),
    ];
  });
  return `${lines.join('\n')}\n\n${url}/docs shows the API, ${url}/openapi.json describes it to programs. Ctrl-C stops.\n`;
}

const usage = 'usage: npm run dev, with what else it shall know in .env or the environment: PORT=8080 npm run dev';

process.exitCode = await runScript(usage, parseNothing, dev).catch((error: Error) => {
  console.error(error.message);
  return 1;
});
