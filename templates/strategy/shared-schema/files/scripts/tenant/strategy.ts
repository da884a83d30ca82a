import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';

/** What only this strategy can do: nothing more. */
export const strategyUsage = '';
export const strategyCommands = (_environment: Environment): Commands => ({});
export const afterCreate = async (_environment: Environment): Promise<void> => {};
