import type { Recorder, Topic } from '../finding.ts';

/** What one step of the trace was answered, in lines that are compared one by one. */
export interface Told {
  readonly threat: Topic;
  readonly object: string;
  readonly what: string;
  readonly lines: readonly string[];
  readonly reproduce: string;
  readonly fix: string;
}

/** Two runs of one trace must read the same. A name that one world gave out earlier renames what follows, so after the first difference only others than that count. */
export function compareWorlds(recorder: Recorder, alone: readonly Told[], together: readonly Told[]): void {
  const differing = new Set<string>();
  for (const [index, { threat, object, what, lines, reproduce, fix }] of together.entries()) {
    recorder.check(threat);
    const read = differing.size === 0 ? (line?: string) => line : unnamed;
    const other = alone[index]?.lines ?? [];
    const at = Array.from({ length: Math.max(lines.length, other.length) }).findIndex(
      (_, line) => read(lines[line]) !== read(other[line]),
    );
    if (at < 0 || differing.has(`${object} ${threat}`)) continue;
    differing.add(`${object} ${threat}`);
    recorder.find({
      threat,
      object,
      attack: `${what}, with and without the victim`,
      leaked: `answers ${shorten(lines[at])} where the victim is, and ${shorten(other[at])} where nobody else ever was`,
      reproduce,
      fix,
    });
  }
}

const unnamed = (line?: string): string | undefined => line?.replace(/#\d+/g, '#');
const shorten = (line = 'nothing'): string => (line.length > 220 ? `${line.slice(0, 220)}...` : line);
