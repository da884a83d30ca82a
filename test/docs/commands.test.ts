import { spawn, type ChildProcess } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyProject } from '../clone.ts';
import { shellCommands } from './shell-blocks.ts';

const project = resolve(import.meta.dirname, '../..');

/** Commands that take minutes, or would run this test again; the file that does run them must contain their parts. */
const runElsewhere = new Map([
  ['npm install && npm test', '.ci/run'],
  ['npm test', 'test/acceptance/packed.sh'],
]);

let scratch: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docs-'));
  await copyProject(project, join(scratch, 'create-tenant-app'));
  // The published name, run from the clone: npx would ask the registry for it.
  const bin = join(scratch, 'bin');
  await mkdir(bin);
  const cli = `"${join(scratch, 'create-tenant-app/node_modules/.bin/tsx')}" "${join(scratch, 'create-tenant-app/bin/create-tenant-app.ts')}"`;
  const npx = `#!/bin/sh\nif [ "$1" = create-tenant-app ]; then shift; exec ${cli} "$@"; fi\necho "unexpected: npx $*" >&2; exit 1\n`;
  await writeFile(join(bin, 'npx'), npx);
  await chmod(join(bin, 'npx'), 0o755);
  environment = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}`, PORT: '0', NO_COLOR: '1' };
  for (const name of Object.keys(environment))
    if (/^(npm_|INIT_CWD|VITEST|NODE_ENV)/i.test(name)) delete environment[name];
}, 120_000);

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function start(
  command: string,
  cwd: string,
): { process: ChildProcess; output: () => string; exited: Promise<number | null> } {
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise<number | null>((done) => child.on('close', done));
  return { process: child, output: () => output, exited };
}

/** Runs a document from top to bottom in one place, as a reader would; a server goes on until the document ends. */
async function follow(document: string): Promise<void> {
  let cwd = join(scratch, 'create-tenant-app');
  const servers: ReturnType<typeof start>[] = [];
  try {
    for (const command of await shellCommands(join(project, document))) {
      if (runElsewhere.has(command)) continue;
      const change = /^cd (\S+)$/.exec(command);
      if (change !== null) {
        cwd = resolve(cwd, change[1] as string);
        await access(cwd);
        continue;
      }
      const running = start(command, cwd);
      if (/^npm (run dev|start)$/.test(command)) {
        servers.push(running);
        const deadline = Date.now() + 60_000;
        while (!/listening/i.test(running.output()) && running.process.exitCode === null && Date.now() < deadline) {
          await new Promise((done) => setTimeout(done, 100));
        }
        expect(running.output(), `${document}: ${command}`).toMatch(/listening/i);
      } else {
        const code = await running.exited;
        expect(code, `${document}: ${command}\n${running.output().slice(-4000)}`).toBe(0);
      }
    }
  } finally {
    for (const server of servers) {
      if (server.process.exitCode === null) process.kill(-(server.process.pid as number), 'SIGINT');
      await server.exited;
    }
    await rm(join(scratch, 'my-saas'), { recursive: true, force: true });
  }
}

async function documents(folder = project): Promise<string[]> {
  const found = (await readdir(join(project, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md'));
  return ['README.md', ...found.map((name) => relative(folder, join(project, 'docs', name)))].sort();
}

describe('the commands of the documentation', async () => {
  for (const document of await documents()) {
    if ((await shellCommands(join(project, document))).length === 0) continue;
    it(`${document} works from top to bottom`, { timeout: 580_000 }, () => follow(document));
  }

  it('those run elsewhere are run there', async () => {
    for (const [command, file] of runElsewhere) {
      const text = await readFile(join(project, file), 'utf8');
      for (const part of command.split(' && ')) expect(text).toContain(part);
    }
  });
});
