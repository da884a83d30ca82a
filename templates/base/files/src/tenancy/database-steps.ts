import { currentTenant, type TenantContext } from './context.ts';
import type { Session } from './session.ts';
import { type StrategySteps, strategySteps } from './strategy-steps.ts';
import { assertPlainStatement, leavesTraces, type Statement } from './statements.ts';

/**
 * What keeps one user of a connection from the next, by name: a test may replace one step, and sees what it was good
 * for.
 */
export interface DatabaseSteps extends StrategySteps {
  /** As whom a statement runs. Throws outside of runAsTenant(). */
  readonly currentTenant: () => TenantContext;
  /** Throws for a text that is not one statement about rows. */
  readonly assertPlain: (text: string) => void;
  /** True when the connection must be destroyed after the statement. */
  readonly leavesTraces: (text: string) => boolean;
  /** What travels together: the tenant, then the statement. */
  readonly flight: (entering: Statement, statement: Statement, session: Session) => readonly Statement[];
  /** False when the next user would find what this one left. */
  readonly isReusable: (session: Session) => boolean;
}

export const databaseSteps: DatabaseSteps = {
  ...strategySteps,
  currentTenant,
  assertPlain: assertPlainStatement,
  leavesTraces,
  flight: (entering, statement) => [entering, statement],
  isReusable: ({ reusable }) => reusable,
};
