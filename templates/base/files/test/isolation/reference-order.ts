import type { ForeignKey, Relation } from './catalog.ts';

/** Referenced tables before those that refer to them; a circle begins where its references may be left empty. */
export function inReferenceOrder(tables: readonly Relation[]): Relation[] {
  const ordered: Relation[] = [];
  let waiting = [...tables];
  const awaited = ({ name, foreignKeys }: Relation): ForeignKey[] =>
    foreignKeys.filter(({ target }) => target !== name && waiting.some((other) => other.name === target));
  while (waiting.length > 0) {
    const free = waiting.find((table) => awaited(table).length === 0);
    const next = free ?? waiting.find((table) => awaited(table).every(mayBeEmpty(table))) ?? (waiting[0] as Relation);
    ordered.push(next);
    waiting = waiting.filter((table) => table !== next);
  }
  return ordered;
}

/** One null in a reference, and it refers to nothing: MATCH SIMPLE. */
const mayBeEmpty =
  ({ columns }: Relation) =>
  (key: ForeignKey): boolean =>
    columns.some(({ name, notNull }) => key.columns.includes(name) && !notNull);
