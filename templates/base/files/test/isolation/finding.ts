import type { Threat } from './threats.ts';

/** What a check is about: a row of the threat list, or `control` when the suite asks whether it can attack at all. */
export type Topic = Threat | 'control';

/** A way across that is open, or a defence that is gone. */
export interface Finding {
  readonly threat: Topic;
  /** The table, function, role or route. */
  readonly object: string;
  readonly attack: string;
  readonly leaked: string;
  /** The statement or request that shows it again. */
  readonly reproduce: string;
  /** The SQL, or the change, that closes it. */
  readonly fix: string;
}

/** Something that the suite leaves alone, and why. */
export interface Reason {
  /** A row of the threat list, or an option that was not given. */
  readonly threat: Threat | 'mutations';
  readonly why: string;
}

/** What one part of the suite did. */
export interface Group {
  readonly name: string;
  readonly checks: number;
  /** How many of them were about what. */
  readonly tried: ReadonlyMap<Topic, number>;
  /** Those of them that have names, as `named` gives them. */
  readonly attacks: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  /** What it had to leave out here. */
  readonly left: readonly Reason[];
  /** What a reader has to know to judge it. */
  readonly notes: readonly string[];
  /** How much of what is there it looked at, where that may be less than all. */
  readonly extent?: string;
  /** Why it did not get to its end. */
  readonly stopped?: string;
  readonly milliseconds: number;
}

/** A check by what it is about, as its finding says it: the same on every table. */
export const named = ({ threat, attack }: Pick<Finding, 'threat' | 'attack'>): string => `${threat}: ${attack}`;

/** Counts what a group does, and keeps what it finds. */
export interface Recorder {
  /** Call once for attacks or comparisons that ran: how many, or which one, in the words of its finding. */
  readonly check: (threat: Topic, what?: number | string) => void;
  /** The same finding twice is one. */
  readonly find: (finding: Finding) => void;
  /** Says what could not be attacked here; nothing is left out silently. */
  readonly leave: (reason: Reason) => void;
  /** Says how the group went about it, for example what it did not compare. */
  readonly note: (text: string) => void;
  /** Says how much of what is there the group looked at, where that may be less than all. */
  readonly extent: (text: string) => void;
}

/** Runs one part of the suite. An error stops the part and is told; what it found until then stays. */
export async function runGroup(name: string, work: (recorder: Recorder) => Promise<void>): Promise<Group> {
  const start = performance.now();
  const found = new Map<string, Finding>();
  const left: Reason[] = [];
  const notes = new Set<string>();
  const tried = new Map<Topic, number>();
  const attacks = new Set<string>();
  let extent: string | undefined;
  let stopped: string | undefined;
  try {
    await work({
      check: (threat, what = 1) => {
        tried.set(threat, (tried.get(threat) ?? 0) + (typeof what === 'number' ? what : 1));
        if (typeof what === 'string') attacks.add(named({ threat, attack: what }));
      },
      find: (finding) => {
        if (!tried.has(finding.threat)) tried.set(finding.threat, 1);
        const key = [finding.threat, finding.object, finding.attack, finding.fix].join('\n');
        if (!found.has(key)) found.set(key, finding);
      },
      leave: (reason) => void left.push(reason),
      note: (text) => void notes.add(text),
      extent: (text) => void notes.add((extent = text)),
    });
    if (tried.size === 0 && left.length === 0) stopped = 'it attacked nothing';
  } catch (error) {
    stopped = (error as Error).message;
  }
  return {
    name,
    checks: [...tried.values()].reduce((sum, count) => sum + count, 0),
    tried,
    attacks,
    findings: [...found.values()],
    left,
    notes: [...notes],
    ...(extent !== undefined && { extent }),
    ...(stopped !== undefined && { stopped }),
    milliseconds: Math.round(performance.now() - start),
  };
}

/** One defence that was broken, and whether the suite noticed. */
export interface MutationResult {
  readonly name: string;
  readonly caught: boolean;
  /** What noticed it first, or why nothing could. */
  readonly by: string;
  /** Checks that have names and turned red until then, as `<group>: <threat>: <attack>`. */
  readonly red: readonly string[];
  readonly milliseconds: number;
}

/** How thoroughly: every day, or with everything. */
export type Mode = 'quick' | 'full';

/** What the suite did and found. */
export interface Report {
  readonly result: 'isolated' | 'broken' | 'incomplete';
  readonly mode: Mode;
  /** What ran: name and choices of the application. */
  readonly application: string;
  /** The commit that was checked out, with a mark when files were changed; undefined outside of git. */
  readonly commit: string | undefined;
  readonly startedAt: Date;
  /** Which PostgreSQL was attacked. */
  readonly server: string;
  readonly groups: readonly Group[];
  readonly tables: readonly string[];
  readonly routes: readonly string[];
  readonly notCovered: readonly Reason[];
  /** Known, and accepted by design. */
  readonly accepted: readonly Reason[];
  readonly mutations: readonly MutationResult[];
  readonly milliseconds: number;
}

/** Something that keeps the suite from running; the message says what to do. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError';
}
