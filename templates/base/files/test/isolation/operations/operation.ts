import type pg from 'pg';
import { counted } from '../../../src/counted.ts';
import { refusals } from '../context.ts';
import type { Detector } from '../leaks.ts';
import type { Outcome } from '../session.ts';
import type { Threat } from '../threats.ts';
import type { Subject } from './subject.ts';

/** What an operation must not do. */
export type Demand =
  /** Show a row of the victim; without a context, any row. */
  | 'shows nothing'
  /** Change more rows than the attacker has; without a context, any. */
  | 'changes own rows only'
  /** Change a row. */
  | 'changes nothing'
  /** Change a row, or get past the policies and fail at a constraint. */
  | 'moves nothing'
  /** Succeed, or get past the policies and fail at a constraint. */
  | 'is refused'
  /** Get past the privileges. */
  | 'is forbidden'
  /** Succeed. */
  | 'fails';

/** One way to try. */
export interface Operation {
  readonly threat: Threat;
  readonly name: string;
  readonly demand: Demand;
  /** Worth trying with every bad context. */
  readonly basic?: boolean;
  /** Takes a lock before it is refused: not where others are at work. */
  readonly locks?: boolean;
  /** The last statement is the attack; undefined when the table has nothing to try it on. */
  readonly statements: (subject: Subject) => readonly string[] | undefined;
}

/** What an operation got that it should not have; undefined when nothing. `ownRows` is how many rows the context owns. */
export function judge(
  demand: Demand,
  outcomes: readonly Outcome[],
  complete: boolean,
  ownRows: number,
  detector: Detector,
): string | undefined {
  const outcome = outcomes.at(-1);
  if (outcome === undefined) return undefined;
  const { error, rows, rowCount } = outcome;
  if (!complete) return undefined;
  if (error !== undefined) return judgeError(demand, error);
  switch (demand) {
    case 'shows nothing': {
      const leak = detector.inRows(rows);
      if (leak !== undefined) return `shows ${leak}`;
      return ownRows === 0 && rows.length > 0
        ? `shows ${counted(rows.length, 'row')}: ${JSON.stringify(rows[0]).slice(0, 150)}`
        : undefined;
    }
    case 'changes own rows only':
      return rowCount > ownRows ? `changes ${counted(rowCount, 'row')}, and the attacker has ${ownRows}` : undefined;
    case 'changes nothing':
    case 'moves nothing':
      return rowCount > 0
        ? `changes ${counted(rowCount, 'row')}${rows.length > 0 ? `: ${JSON.stringify(rows[0]).slice(0, 150)}` : ''}`
        : undefined;
    case 'is refused':
    case 'is forbidden':
    case 'fails':
      return `is not refused (${counted(rowCount, 'row')})`;
  }
}

function judgeError(demand: Demand, { code = '', constraint, message }: pg.DatabaseError): string | undefined {
  if (code === '42501' || refusals.includes(code)) return undefined;
  if (demand === 'is forbidden') return `is not forbidden; only this stops it: ${message}`;
  if ((demand === 'is refused' || demand === 'moves nothing') && code.startsWith('23')) {
    return `passes the policies; only the constraint ${constraint ?? code} stops it`;
  }
  return undefined;
}

/** True for an attack that PostgreSQL did not even understand. */
export function isMalformed({ error }: Outcome): boolean {
  const code = error?.code ?? '';
  return code.startsWith('42') && code !== '42501';
}
