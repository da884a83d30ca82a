export {
  databaseApplicationGroups as strategyApplicationGroups,
  databaseGroups as strategyGroups,
} from './database-groups.ts';
