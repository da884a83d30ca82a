import { databaseAccepted, databaseAreas, databaseThreats } from './database-threats.ts';

/** Threats that only this strategy has: those of databases, and those of moving between them and tables that are shared. */
export const strategyThreats = {
  ...databaseThreats,
  K10: 'A tenant that moved leaves no row where it was, and no way to it.',
  K11: 'What is written while a tenant moves comes along.',
  K12: 'What is noted of a move tells no tenant anything.',
} as const;
/** What they are about, by their first letter. */
export const strategyAreas = databaseAreas;

/** Those that nothing attacks, and why. */
export const strategyReasons = { J: 'tenants share the one schema app, or have a database with one' } as const;

/** What only this strategy leaves as it is. */
export const strategyAccepted = databaseAccepted;
