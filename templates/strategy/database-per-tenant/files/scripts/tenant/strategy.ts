export { databaseCommands as strategyCommands, databaseUsage as strategyUsage } from './databases.ts';
export { afterCreate } from './ready.ts';
