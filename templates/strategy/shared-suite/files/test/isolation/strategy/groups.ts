/** Groups that only this strategy needs: none. */
export const strategyGroups = {} as const;
