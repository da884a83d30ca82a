/** The control plane's side of the strategy. */
export { sharedPlacement as placement } from './shared-placement.ts';
