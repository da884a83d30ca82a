/** Threats that tenants with databases of their own have. */
export const databaseThreats = {
  J: 'Schemas of tenants are closed to each other.',
  K1: 'No login gets into a database that is not its own, and in its own it makes nothing.',
  K2: 'Names of databases and logins, which everybody can read, tell nothing of whose they are.',
  K3: 'A connection serves the tenant and the place that it was opened for, also after a move.',
  K4: 'Databases that are open, and connections to them, stay within their bounds.',
  K5: 'Each tenant has a login of its own, which owns nothing and can become nobody else.',
  K6: 'Who reads the control plane reads no password of a tenant.',
  K7: 'Every tenant’s database is there and as closed as the others, whatever context its own login brings.',
  K8: 'A tenant whose place is missing or wrong gets nothing, and nothing of anybody else’s.',
  K9: 'A tenant’s database takes no row of anybody else.',
} as const;
/** What they are about, by their first letter. */
export const databaseAreas = { J: 'Schemas of tenants', K: 'Databases of tenants' } as const;

/** What is left as it is where tenants have databases of their own. */
export const databaseAccepted = [
  {
    threat: 'K2',
    why: 'every login of the server can count its databases and roles in the catalog; their names are random',
  },
] as const;
