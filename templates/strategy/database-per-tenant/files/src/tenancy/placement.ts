/** The control plane's side of the strategy. */
export { ownPlacement as placement } from './own-placement.ts';
