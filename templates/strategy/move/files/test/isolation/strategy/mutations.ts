import type { Material, Mutation } from '../mutations/mutation.ts';
import { moveMutations } from './move-mutations.ts';
import { placeMutations } from './place-mutations.ts';

/** What keeps tenants apart that have databases, and those that move there and back. */
export const strategyMutations = (material: Material): readonly Mutation[] => [
  ...placeMutations(material),
  ...moveMutations(material),
];
