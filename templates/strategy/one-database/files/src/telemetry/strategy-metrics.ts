import type { DatabaseLoad } from '../tenancy/database.ts';

/** What only this strategy measures: nothing. */
export const strategyMetrics: readonly {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly read: (load: DatabaseLoad) => number;
}[] = [];
