import { applicationSteps } from '../../src/steps.ts';
import { createTestDatabaseOn } from '../setup/database.ts';
import { type Arena, type Ground, openArena } from './arena.ts';
import { type Group, runGroup } from './finding.ts';
import { type GroupName, groups } from './groups.ts';

/** Groups that attack one copy of the prepared database, one after the other. Plain data, so that another thread can do it. */
export interface Lane {
  readonly ground: Ground;
  readonly mode: Arena['mode'];
  readonly names: readonly GroupName[];
}

export interface Attacked {
  readonly groups: readonly Group[];
  readonly tables: readonly string[];
  readonly routes: readonly string[];
}

/** Told what is going on, in a few words. */
export type OnProgress = (what: string) => void;

export async function attackCopy({ ground, mode, names }: Lane, onProgress: OnProgress): Promise<Attacked> {
  const copy = await createTestDatabaseOn(ground.server);
  try {
    const arena = await openArena(ground, copy, mode, applicationSteps);
    try {
      const attacked = await attack(arena, names, onProgress);
      return { groups: attacked, tables: namesOf(arena.target.tables), routes: arena.own?.routes() ?? [] };
    } finally {
      await arena.close();
    }
  } finally {
    await copy.drop();
  }
}

export async function attack(arena: Arena, names: readonly GroupName[], onProgress: OnProgress): Promise<Group[]> {
  const attacked: Group[] = [];
  for (const name of names) {
    onProgress(name);
    attacked.push(await runGroup(name, (recorder) => groups[name].attack(arena, recorder)));
  }
  return attacked;
}

export const namesOf = (things: readonly { readonly name: string }[]): string[] => things.map(({ name }) => name);
