/** Threats that only this strategy has: none. */
export const strategyThreats = {} as const;
/** What they are about, by their first letter. */
export const strategyAreas = {} as const;

/** Those that nothing attacks, and why: none. */
export const strategyReasons = {} as const;

/** What only this strategy leaves as it is: nothing. */
export const strategyAccepted = [] as const;
