import { applicationSteps } from '../../src/steps.ts';
import { type Arena, type Ground, openArena } from './arena.ts';
import { type Group, type Mode, runGroup } from './finding.ts';
import { type GroupName, groups } from './groups.ts';
import { copyGround } from './strategy/premises.ts';

/** Told what is going on, in a few words. */
export type OnProgress = (what: string) => void;

/** What was attacked. */
export interface Attacked {
  readonly groups: readonly Group[];
  readonly tables: readonly string[];
  readonly routes: readonly string[];
}

/** One group after the other. */
export async function attack(arena: Arena, names: readonly GroupName[], onProgress: OnProgress): Promise<Group[]> {
  const attacked: Group[] = [];
  for (const name of names) {
    onProgress(name);
    attacked.push(await runGroup(name, (recorder) => groups[name].attack(arena, recorder)));
  }
  return attacked;
}

/** Attacks a copy of the prepared database, which it drops. */
export async function attackCopy(
  ground: Ground,
  mode: Mode,
  names: readonly GroupName[],
  onProgress: OnProgress,
): Promise<Attacked> {
  const copy = await copyGround(ground.server);
  try {
    const arena = await openArena(ground, copy, mode, applicationSteps);
    try {
      return {
        groups: await attack(arena, names, onProgress),
        tables: arena.target.tables.map(({ name }) => name),
        routes: arena.own?.routes() ?? [],
      };
    } finally {
      await arena.close();
    }
  } finally {
    await copy.drop();
  }
}
