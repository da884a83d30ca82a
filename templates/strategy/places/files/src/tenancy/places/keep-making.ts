import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Environment } from '../strategy.ts';
import { asAdministrator } from '../../platform/as-migrator.ts';

export interface KeepOptions {
  readonly signal: AbortSignal;
  readonly onMade: (made: number) => void;
  /** Told once of each problem, until it has gone. */
  readonly onProblem: (error: Error) => void;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/**
 * Makes what is missing, again and again, until `signal` ends it: looks once a second, and does not give up when the
 * database is away for a while. `make` says how many it made. Needs DATABASE_ADMIN_URL.
 */
export async function keepMaking(
  environment: Environment,
  make: (admin: pg.Client) => Promise<number>,
  { signal, onMade, onProblem, interval = 1000 }: KeepOptions,
): Promise<void> {
  const rest = () => pause(interval, undefined, { signal }).catch(() => {}); // Being told to end is no error.
  let problem = '';
  while (!signal.aborted) {
    try {
      await asAdministrator(environment, async (admin) => {
        while (!signal.aborted) {
          const made = await make(admin);
          problem = '';
          if (made > 0) onMade(made);
          await rest();
        }
      });
    } catch (error) {
      const { message } = error as Error;
      if (message !== problem) onProblem(error as Error);
      problem = message;
      await rest();
    }
  }
}
