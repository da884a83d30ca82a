import type { GroupPlan } from '../groups.ts';
import { databaseApplicationGroups, databaseGroups } from './database-groups.ts';
import { moves } from './moves.ts';

/** Groups that tenants of two kinds need. */
export const strategyGroups = {
  ...databaseGroups,
  moves: { on: 'database', attack: moves },
} as const satisfies Readonly<Record<string, GroupPlan>>;

/** Those of them that run the application. */
export const strategyApplicationGroups = databaseApplicationGroups;
