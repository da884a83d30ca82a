/** Groups that only this strategy needs: none. */
export const strategyGroups = {} as const;
/** Those of them that run the application: none. */
export const strategyApplicationGroups = {} as const;
