import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, run } from '../../generators/programs/run.ts';
import { scratch } from './terminal.ts';

const env = { PATH: process.env['PATH'] };
const shell = async (script: string, signal?: AbortSignal) =>
  run({ command: 'sh', args: ['-c', script], cwd: await scratch(), env, signal });

describe('a program', () => {
  it('returns its exit code and what it printed on both streams', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toMatchObject({
      code: 3,
      output: expect.stringMatching(/out[^]*err/),
    });
  });

  it('that does not exist has no exit code', async () => {
    expect((await run({ command: 'no-such-program', args: [], cwd: await scratch(), env })).code).toBeUndefined();
  });

  it('that leaves something running is not waited for', async () => {
    const start = Date.now();
    expect(await shell('sleep 8 & echo done')).toMatchObject({ code: 0, output: expect.stringContaining('done') });
    expect(Date.now() - start).toBeLessThan(7_000);
  });

  it('that is interrupted can clean up, and what it started is ended', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    await expect(shell("trap 'exit 0' INT; sleep 30 & wait", controller.signal)).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it('is not started when the interrupt comes while it is about to be', async () => {
    const controller = new AbortController();
    const cwd = await scratch();
    const start = Date.now();
    const running = run({ command: 'sh', args: ['-c', 'touch ran; sleep 8'], cwd, env, signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    expect(Date.now() - start).toBeLessThan(4_000);
    expect(existsSync(join(cwd, 'ran'))).toBe(false);
  });

  it('reports line by line', async () => {
    const lines: string[] = [];
    await run({
      command: 'sh',
      args: ['-c', 'printf "one\\n\\ntw"; sleep 0.1; printf "o\\n"'],
      cwd: await scratch(),
      env,
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['one', 'two']);
  });

  it('does not learn what npm says about this project, nor where git is pointed', () => {
    const kept = {
      PATH: '/bin',
      npm_config_registry: 'https://registry',
      npm_config_cache: '/cache',
      GIT_AUTHOR_NAME: 'me',
      HTTPS_PROXY: 'p',
    };
    const gone = {
      INIT_CWD: '/x',
      NODE_ENV: 'production',
      npm_package_name: 'x',
      npm_lifecycle_event: 'create',
      npm_config_omit: 'dev',
      npm_config_dry_run: 'true',
      GIT_DIR: '/y',
    };
    expect(cleanEnvironment({ ...kept, ...gone })).toEqual(kept);
  });
});
