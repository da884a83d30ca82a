/** Connections to the control plane unless the environment says otherwise. Few, because tenants' rows are elsewhere. */
export const connectionDefaults = { poolSize: 3, lanes: 1 } as const;
