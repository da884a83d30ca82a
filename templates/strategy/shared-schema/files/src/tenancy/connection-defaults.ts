/** Connections to a database unless the environment says otherwise. */
export const connectionDefaults = { poolSize: 10, lanes: 4 } as const;
