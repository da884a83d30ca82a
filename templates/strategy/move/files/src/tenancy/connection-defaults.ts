/** Connections to the tables that tenants share unless the environment says otherwise. */
export const connectionDefaults = { poolSize: 10, lanes: 4 } as const;
