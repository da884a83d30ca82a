/** Steps that only this strategy has: none. */
export type StrategySteps = Readonly<Record<never, never>>;
export const strategySteps: StrategySteps = {};
