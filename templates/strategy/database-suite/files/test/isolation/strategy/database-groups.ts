import type { GroupPlan } from '../groups.ts';
import { onStage } from '../groups/http.ts';
import { databases } from './databases.ts';
import { attackDirectory } from './directory.ts';
import { places } from './places.ts';

/** Groups that tenants with databases of their own need. */
export const databaseGroups = {
  databases: { on: 'given', attack: databases },
  places: { on: 'database', attack: places },
} as const satisfies Readonly<Record<string, GroupPlan>>;

/** Those of them that run the application. */
export const databaseApplicationGroups = {
  directory: { on: 'application', attack: onStage(attackDirectory) },
} as const satisfies Readonly<Record<string, GroupPlan>>;
