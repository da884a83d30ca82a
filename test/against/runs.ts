import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Given } from './given.ts';

const running = new Set<ChildProcess>();

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** How a run ended, and what it said. */
export interface Ended {
  readonly code: string;
  readonly output: string;
  readonly milliseconds: number;
}

/** A run that says with each step how far it is; `more` is where it kills itself. In the repository that is the current folder. */
export function attack({ adminUrl, runtimeUrl }: Given, ...more: readonly string[]) {
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

interface Json {
  readonly result: string;
  readonly groups: readonly {
    readonly notes: readonly string[];
    readonly findings: readonly Readonly<Record<'threat' | 'object' | 'attack' | 'leaked', string>>[];
  }[];
  readonly notCovered: readonly { readonly threat: string; readonly why: string }[];
}

/** The command itself, which ends with a code; what it says is a line for each finding, note and reason of its report, and then what it prints. */
export async function command({ adminUrl, runtimeUrl }: Given): Promise<Ended> {
  const start = performance.now();
  const file = resolve('isolation.json');
  const main = resolve('test/isolation/main.ts');
  const given = ['--against', adminUrl, '--runtime-url', runtimeUrl, '--json', file];
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...given]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  running.add(child);
  const code = await new Promise<string>((end) => child.once('close', (code, signal) => end(String(signal ?? code))));
  running.delete(child);
  const { result, groups, notCovered } = JSON.parse(readFileSync(file, 'utf8')) as Json;
  const lines = groups.flatMap(({ findings, notes }) => [
    ...findings.map(({ threat, object, attack, leaked }) => `finding ${threat} ${object}: ${attack}: ${leaked}`),
    ...notes.map((note) => `note ${note}`),
  ]);
  const reasons = notCovered.map(({ threat, why }) => `not covered ${threat}: ${why}`);
  return {
    code,
    output: [`result ${result}`, ...lines, ...reasons, printed].join('\n'),
    milliseconds: performance.now() - start,
  };
}
