export { placeMutations as strategyMutations } from './place-mutations.ts';
