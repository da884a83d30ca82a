import type { Ground } from '../arena.ts';
import { strategyMutations } from '../strategy/mutations.ts';
import { applicationMutations } from './application.ts';
import { costMutations } from './costs.ts';
import { databaseMutations } from './database.ts';
import { functionMutations } from './functions.ts';
import { grantMutations } from './grants.ts';
import { keyMutations } from './keys.ts';
import type { Mutation } from './mutation.ts';
import { policyMutations } from './policies.ts';
import { relationMutations } from './relations.ts';
import { roleMutations } from './roles.ts';

/** Every one that this repository has something for. */
export function mutationsOf(ground: Ground, which: 'policies' | 'all'): readonly Mutation[] {
  if (which === 'policies') return policyMutations(ground);
  return [
    ...policyMutations(ground),
    ...keyMutations(ground),
    ...relationMutations(ground),
    ...functionMutations(ground),
    ...grantMutations(ground),
    ...costMutations(ground),
    ...roleMutations(ground),
    ...strategyMutations(ground),
    ...databaseMutations,
    ...applicationMutations,
  ];
}
