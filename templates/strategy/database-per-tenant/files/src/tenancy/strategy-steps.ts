export { type PlaceSteps as StrategySteps, placeSteps as strategySteps } from './place-steps.ts';
