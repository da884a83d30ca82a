/** Threats that only tenants with schemas of their own have. */
export const strategyThreats = {
  G5: 'Names of schemas and roles, which everybody can read, tell nothing of whose they are.',
  J1: 'A tenant whose schema is missing reads nothing, wherever names may lead.',
  J2: 'A table that is missing from a tenant’s schema is found nowhere else.',
  J3: 'Each schema has a role of its own, which reaches no other.',
  J4: 'No schema draws on what another has: sequences, defaults, references.',
  J7: 'Every schema is as the migrations make it.',
} as const;
/** What they are about, by their first letter. */
export const strategyAreas = { J: 'Schemas of tenants' } as const;

/** Those that nothing attacks, and why: none. */
export const strategyReasons = {} as const;

/** What only this strategy leaves as it is. */
export const strategyAccepted = [
  {
    threat: 'G5',
    why: 'injected SQL can count the schemas and roles of tenants in the catalog; their names are random',
  },
] as const;
