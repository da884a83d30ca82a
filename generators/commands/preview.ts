import { createHash } from 'node:crypto';
import type { Change } from '../engine/changes.ts';
import type { Screen } from './screen.ts';

const glyphs = { create: '+', update: '~', delete: '-' } as const;
const colours = { create: 'green', update: 'yellow', delete: 'red' } as const;

/** The list of changes, a line a file. */
export function listChanges(changes: readonly Change[], paint: Screen['paint']): string[] {
  return changes.map(({ kind, path }) => paint(colours[kind], `${glyphs[kind]} ${path}`));
}

const lines = (content: string): string[] => (content === '' ? [] : content.replace(/\n$/, '').split('\n'));

/** One hunk from the first to the last difference, with three lines around it. */
function hunk(before: readonly string[], after: readonly string[]): string[] {
  const context = 3;
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const rest = Math.min(before.length, after.length) - start;
  while (end < rest && before.at(-1 - end) === after.at(-1 - end)) end++;
  const from = Math.max(start - context, 0);
  const tail = Math.max(end - context, 0);
  const range = (all: readonly string[]): string => {
    const count = all.length - tail - from;
    return `${count === 0 ? from : from + 1},${count}`;
  };
  return [
    `@@ -${range(before)} +${range(after)} @@`,
    ...before.slice(from, start).map((line) => ` ${line}`),
    ...before.slice(start, before.length - end).map((line) => `-${line}`),
    ...after.slice(start, after.length - end).map((line) => `+${line}`),
    ...after.slice(after.length - end, after.length - tail).map((line) => ` ${line}`),
  ];
}

/** The changes as a patch that `git apply` takes. */
export function diffChanges(changes: readonly Change[], paint: Screen['paint']): string[] {
  const colour = (line: string): string =>
    line.startsWith('+')
      ? paint('green', line)
      : line.startsWith('-')
        ? paint('red', line)
        : line.startsWith('@@')
          ? paint('cyan', line)
          : line;
  return changes.flatMap((change) => {
    const before = change.kind === 'create' ? undefined : change.before;
    const after = change.kind === 'delete' ? undefined : change.after;
    const mode = (executable: boolean): string => (executable ? '100755' : '100644');
    const head = [`diff --git a/${change.path} b/${change.path}`];
    if (before === undefined && after !== undefined) head.push(`new file mode ${mode(after.executable)}`);
    if (after === undefined && before !== undefined) head.push(`deleted file mode ${mode(before.executable)}`);
    if (before !== undefined && after !== undefined && before.executable !== after.executable) {
      head.push(`old mode ${mode(before.executable)}`, `new mode ${mode(after.executable)}`);
    }
    const [old, now] = [before?.content ?? '', after?.content ?? ''];
    const body = old === now ? [] : hunk(lines(old), lines(now));
    const names = [
      `--- ${before === undefined ? '/dev/null' : `a/${change.path}`}`,
      `+++ ${after === undefined ? '/dev/null' : `b/${change.path}`}`,
    ];
    return [...head.map((line) => paint('bold', line)), ...(body.length === 0 ? [] : [...names, ...body.map(colour)])];
  });
}

/** The changes for `--json`: what and how large; with contents when a diff was asked for. */
export function describeChanges(changes: readonly Change[], contents: boolean): object[] {
  return changes.map((change) => {
    const before = change.kind === 'create' ? undefined : change.before;
    const after = change.kind === 'delete' ? undefined : change.after;
    return {
      kind: change.kind,
      path: change.path,
      ...(after && {
        executable: after.executable,
        bytes: Buffer.byteLength(after.content),
        sha256: createHash('sha256').update(after.content).digest('hex'),
      }),
      ...(contents && { before: before?.content ?? null, after: after?.content ?? null }),
    };
  });
}
