/** Connections to a database unless the environment says otherwise. Few, because they count for every tenant. */
export const connectionDefaults = { poolSize: 3, lanes: 1 } as const;
