import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/environment.ts';
import { type BundledScripts, bundleScripts } from '../setup/bundle-scripts.ts';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
/** Those that are not another's program. */
const own = Object.entries(scripts).filter(([, command]) => command.includes(' scripts/'));

/** The server as `npm start` calls it, before it was built. */
const start = 'node --import tsx src/server.ts';

const throughTsx = /^node --import tsx (\S+)$/;
const scriptOf = (command: string): string | undefined => throughTsx.exec(command)?.[1];

let bundled: BundledScripts;
beforeAll(async () => {
  bundled = await bundleScripts(
    ...[...own.map(([, command]) => command), start].flatMap((each) => scriptOf(each) ?? []),
  );
});
afterAll(() => bundled.remove());

function run(command: string, ...given: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const script = scriptOf(command);
  const program = script === undefined ? command.split(' ').slice(1) : [bundled.pathOf(script)];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program, ...given], { cwd: root });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe.concurrent('a script of this repository', () => {
  it.for(own)('exits with 2 and the usage when it is called wrongly: %s', async ([name, command], { expect }) => {
    const { code, stdout, stderr } = await run(command, '--frob');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^.*--frob.*\\n\\nusage: npm run ${name}`));
  });

  // They say it by the same function.
  it('says how it is called when it is asked', async ({ expect }) => {
    for (const option of ['--help', '-h']) {
      const { code, stdout, stderr } = await run(scripts['db:migrate'] ?? '', option);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^usage: npm run db:migrate/);
    }
  });
});

describe('the server', () => {
  it.for(['--port', '--'])('exits with 2 and the usage when it is given something: %s', async (given) => {
    const { code, stdout, stderr } = await run(start, given);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`${given}\\.\\n\\nusage: npm start, .*PORT=8080`));
  });

  it('says how it is called when it is asked', async () => {
    const { code, stdout } = await run(start, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^usage: npm start/);
  });
});

it('is known by what it runs', () => expect(own.length).toBeGreaterThan(5));
