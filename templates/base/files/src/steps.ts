import { answerOnce } from './http/idempotency.ts';
import { problemOf } from './http/problem-of.ts';
import { limitTenants } from './http/tenant-limits.ts';
import { parse } from './http/validation.ts';
import { observe } from './telemetry/observe.ts';
import { runAsTenant } from './tenancy/context.ts';
import { databaseSteps } from './tenancy/database-steps.ts';
import { resolutionSteps } from './tenancy/resolve.ts';

/** What every request goes through, by name: a test may replace one step, and sees what that step was good for. */
export const applicationSteps = {
  resolution: resolutionSteps,
  database: databaseSteps,
  limitTenants,
  parse,
  runAsTenant,
  answerOnce,
  problemOf,
  observe,
};
export type ApplicationSteps = typeof applicationSteps;
