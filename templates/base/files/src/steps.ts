import { type ResolutionSteps, resolutionSteps } from './tenancy/resolve.ts';

/** What the application is composed of, by name: a test may replace one step, and sees what that step was good for. */
export interface ApplicationSteps {
  readonly resolution: ResolutionSteps;
}

export const applicationSteps: ApplicationSteps = { resolution: resolutionSteps };
