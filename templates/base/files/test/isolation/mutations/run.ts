import { applicationSteps } from '../../../src/steps.ts';
import { type Arena, type Ground, openArena } from '../arena.ts';
import { type Group, type MutationResult, named, runGroup, SuiteError } from '../finding.ts';
import { type GroupName, groups, groupsOn } from '../groups.ts';
import { inParallel } from '../parallel.ts';
import type { Copy } from '../premises.ts';
import { execute } from '../session.ts';
import { copyGround } from '../strategy/premises.ts';
import { mutationsOf } from './all.ts';
import type { Mutation } from './mutation.ts';

type Noticed = Pick<MutationResult, 'caught' | 'by' | 'red'>;

/** Breaks one defence at a time, each on its own copy of the prepared database, and asks whether the suite notices. */
export async function runMutations(ground: Ground, which: 'policies' | 'all'): Promise<MutationResult[]> {
  const mutations = mutationsOf(ground, which);
  const results = new Map<Mutation, MutationResult>();
  const run = async (mutation: Mutation): Promise<void> => {
    const start = performance.now();
    const noticed = await onArena(ground, mutation, (arena) => notice(arena, mutation)).catch(
      (error: Error): Noticed => ({ caught: false, by: `could not run: ${error.message}`, red: [] }),
    );
    results.set(mutation, { name: mutation.name, ...noticed, milliseconds: Math.round(performance.now() - start) });
  };
  await inParallel(
    mutations.filter((each) => !ofCluster(each)),
    run,
    2,
  );
  for (const mutation of mutations.filter(ofCluster)) await run(mutation);
  return mutations.map((mutation) => results.get(mutation) as MutationResult);
}

/** Roles belong to the cluster: while one is sabotaged, nothing else may run there. */
export const ofCluster = ({ restore }: Mutation): boolean => restore !== undefined;

/** Works on an arena that lacks one defence. */
export async function onArena<T>(ground: Ground, mutation: Mutation, work: (arena: Arena) => Promise<T>): Promise<T> {
  const copy = await copyGround(ground.server, mutation);
  try {
    return await openAndWork(ground, copy, mutation, work);
  } finally {
    await execute(copy.adminUrl, mutation.restore ?? []);
    await copy.drop();
  }
}

async function openAndWork<T>(
  ground: Ground,
  copy: Copy,
  mutation: Mutation,
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  const arena = await openArena(ground, copy, 'quick', applicationSteps, mutation);
  try {
    const { target } = arena;
    const tables = target.tables.filter(({ name }) => mutation.tables?.includes(name) !== false);
    return await work({ ...arena, target: { ...target, tables } });
  } finally {
    await arena.close();
  }
}

async function notice(arena: Arena, mutation: Mutation): Promise<Noticed> {
  const red: string[] = [];
  for (const name of askedBy(mutation)) {
    const group = await runGroup(name, (recorder) => groups[name].attack(arena, recorder));
    const { findings, stopped } = group;
    red.push(...redOf(group));
    if (findings.length === 0 && stopped !== undefined) throw new SuiteError(`${name}: ${stopped}`);
    const finding = findings.find(mutation.expects);
    if (finding !== undefined) return { caught: true, by: `${name}: ${finding.object}: ${finding.attack}`, red };
  }
  return { caught: false, by: 'nobody', red };
}

const redOf = ({ name, attacks, findings }: Group): string[] =>
  [...new Set(findings.map(named))].filter((each) => attacks.has(each)).map((each) => `${name}: ${each}`);

/** Those that could see it first, then all others. */
function askedBy({ groups: first }: Mutation): GroupName[] {
  const others = groupsOn('quick', 'given', 'database', 'application');
  return [...first, ...others.filter((name) => !first.includes(name))];
}
