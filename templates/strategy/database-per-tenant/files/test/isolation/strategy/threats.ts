export {
  databaseAccepted as strategyAccepted,
  databaseAreas as strategyAreas,
  databaseThreats as strategyThreats,
} from './database-threats.ts';

/** Those that nothing attacks, and why. */
export const strategyReasons = { J: 'tenants have databases of their own, each with the one schema app' } as const;
