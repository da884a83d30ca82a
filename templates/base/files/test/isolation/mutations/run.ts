import { applicationSteps } from '../../../src/steps.ts';
import { createTestDatabaseOn, type TestDatabase } from '../../setup/database.ts';
import { execute, type Ground, openArena } from '../arena.ts';
import { type MutationResult, runGroup, SuiteError } from '../finding.ts';
import { type GroupName, groups, groupsOn } from '../groups.ts';
import { applicationMutations } from './application.ts';
import type { Mutation } from './mutation.ts';
import { policyMutations } from './policies.ts';
import { roleMutations } from './roles.ts';
import { schemaMutations } from './schema.ts';

type Noticed = Pick<MutationResult, 'caught' | 'by'>;

/** Breaks one defence at a time on a copy of the prepared database, and asks whether the suite notices. */
export async function runMutations(ground: Ground, which: 'policies' | 'all'): Promise<MutationResult[]> {
  const mutations = mutationsOf(ground, which);
  const results: MutationResult[] = [];
  const dropped: Promise<void>[] = [];
  const copied = (): Promise<TestDatabase> => createTestDatabaseOn(ground.server);
  let next = copied();
  for (const [index, { name }] of mutations.entries()) {
    const database = await next;
    // Copied while this one is attacked.
    if (index + 1 < mutations.length) next = copied();
    next.catch(() => {}); // Thrown where it is awaited.
    const start = performance.now();
    const noticed = await notice(ground, database, index, which).catch((error: Error): Noticed => ({
      caught: false,
      by: `could not run: ${error.message}`,
    }));
    results.push({ name, ...noticed, milliseconds: Math.round(performance.now() - start) });
    dropped.push(database.drop());
  }
  await Promise.all(dropped);
  return results;
}

/** Every one that this repository has something for; `database` is the name of the copy that it will be done to. */
function mutationsOf({ tables, world }: Ground, which: 'policies' | 'all', database = ''): readonly Mutation[] {
  const material = { tables, world, database };
  if (which === 'policies') return policyMutations(material);
  return [
    ...policyMutations(material),
    ...schemaMutations(material),
    ...roleMutations(material),
    ...applicationMutations,
  ];
}

async function notice(
  ground: Ground,
  database: TestDatabase,
  index: number,
  which: 'policies' | 'all',
): Promise<Noticed> {
  const mutation = mutationsOf(ground, which, new URL(database.adminUrl).pathname.slice(1))[index] as Mutation;
  try {
    const arena = await openArena(ground, database, 'quick', applicationSteps, mutation);
    try {
      const { tables } = mutation;
      const target = {
        ...arena.target,
        tables: arena.target.tables.filter(({ name }) => tables === undefined || tables.includes(name)),
      };
      for (const name of askedBy(mutation)) {
        const { findings, stopped } = await runGroup(name, (recorder) =>
          groups[name].attack({ ...arena, target }, recorder),
        );
        if (findings.length === 0 && stopped !== undefined) throw new SuiteError(`${name}: ${stopped}`);
        const finding = findings.find(mutation.expects);
        if (finding !== undefined) return { caught: true, by: `${name}: ${finding.object}: ${finding.attack}` };
      }
      return { caught: false, by: 'nobody' };
    } finally {
      await arena.close();
    }
  } finally {
    await execute(database.adminUrl, mutation.restore ?? []);
  }
}

/** Those that could see it first, then the others that attack the same thing. */
function askedBy({ groups: first, steps }: Mutation): GroupName[] {
  const others = steps === undefined ? groupsOn('given', 'database') : groupsOn('application');
  return [...first, ...others.filter((name) => !first.includes(name))];
}
