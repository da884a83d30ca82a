import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';
import { databaseCommands, databaseUsage } from './databases.ts';
import { moveCommands, moveUsage } from './move.ts';

export { afterCreate } from './ready.ts';

/** What tenants with databases of their own need, and what moves them. */
export const strategyUsage = `${databaseUsage}${moveUsage}`;

export const strategyCommands = (environment: Environment): Commands => ({
  ...databaseCommands(environment),
  ...moveCommands(environment),
});
