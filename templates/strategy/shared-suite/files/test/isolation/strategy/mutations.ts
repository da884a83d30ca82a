import type { Material, Mutation } from '../mutations/mutation.ts';

/** What only this strategy has to break: nothing. */
export const strategyMutations = (_material: Material): readonly Mutation[] => [];
