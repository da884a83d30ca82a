import type { GroupPlan } from '../groups.ts';
import { schemas } from './schemas.ts';

/** Groups that only tenants with schemas of their own need. */
export const strategyGroups = {
  schemas: { on: 'given', attack: ({ target }, recorder) => schemas(target, recorder) },
} as const satisfies Readonly<Record<string, GroupPlan>>;

/** Those of them that run the application: none. */
export const strategyApplicationGroups = {} as const;
