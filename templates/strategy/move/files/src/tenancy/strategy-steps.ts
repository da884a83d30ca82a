import type { Database } from './database.ts';
import { type PlaceSteps, placeSteps } from './place-steps.ts';

/** What brings a tenant's statements to where the tenant is, by name: a test may replace one step. */
export interface StrategySteps extends PlaceSteps {
  /** The strategy by which a tenant is placed; undefined when nobody knows the tenant. */
  readonly findStrategy: (controlPlane: Database, tenantId: string) => Promise<string | undefined>;
}

export const strategySteps: StrategySteps = { ...placeSteps, findStrategy };

async function findStrategy(controlPlane: Database, tenantId: string): Promise<string | undefined> {
  const text = 'select strategy from platform.find_place($1)';
  const { rows } = await controlPlane.lookup<{ strategy: string }>({ text, values: [tenantId] });
  return rows[0]?.strategy;
}
