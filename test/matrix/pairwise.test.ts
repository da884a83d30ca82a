import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../generators/engine/generate.ts';
import { combinations, pairs, pairwise, reproduce, toRun } from './combinations.ts';
import { createPackages, withEveryPackage } from './packages.ts';
import { runScript, writeRepository } from './repository.ts';

const minutes = 60_000;
const all = combinations();
const chosen = pairwise(all);

describe('the combinations', () => {
  it('are each valid, and each there once', () => {
    expect(new Set(all.map(reproduce)).size).toBe(all.length);
    expect(all.every(({ resolution, modules }) => resolution.length > 0 && modules.includes('projects'))).toBe(true);
  });

  it('have no two answers that the chosen few do not have together', () => {
    const covered = new Set(chosen.flatMap(pairs));
    expect(all.flatMap(pairs).filter((pair) => !covered.has(pair))).toEqual([]);
    expect(chosen.length).toBeLessThan(all.length / 2);
  });

  it('that run have each framework with each way to identify tenants, alone and all together, and each strategy', () => {
    const { single, fullest, separate } = toRun(all);
    const count = (values: readonly string[]): number => new Set(values).size;
    const frameworks = count(all.map(({ framework }) => framework));
    const contexts = count(all.map(({ context }) => context));
    const alone = single.map(({ framework, resolution, context }) => ({
      framework,
      resolution: resolution.join(),
      context,
    }));
    const resolutions = count(all.flatMap(({ resolution }) => resolution));
    expect(count(alone.map(({ framework, resolution }) => `${framework} ${resolution}`))).toBe(
      frameworks * resolutions,
    );
    expect(count(alone.map(({ framework, context }) => `${framework} ${context}`))).toBe(frameworks * contexts);
    expect(count(alone.map(({ resolution, context }) => `${resolution} ${context}`))).toBe(resolutions * contexts);
    expect(fullest.length).toBe(frameworks);
    const strategies = count(all.map(({ strategy }) => strategy.join()));
    expect(separate.length).toBe((strategies - 1) * contexts);
  });
});

describe('a few combinations with every pair of answers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pairwise-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('decide whose rows each table holds that their migrations make', async () => {
    for (const answers of chosen) {
      const tree = await generate(answers);
      const migrations = [...tree.values()].filter(({ path }) => path.startsWith('db/migrations/'));
      const made = migrations.flatMap(({ content }) =>
        [...content.matchAll(/^create table (?:if not exists )?([\w.]+)/gm)].map(([, table = '']) =>
          table.includes('.') ? table : `app.${table}`,
        ),
      );
      const { relations } = JSON.parse(tree.get('db/tenancy.json')?.content ?? '{}') as { relations: object };
      expect(Object.keys(relations), reproduce(answers)).toEqual(made.sort());
    }
  });

  it('compile', { timeout: 5 * minutes }, async () => {
    const trees = await Promise.all(chosen.map((answers) => generate(answers)));
    const packages = createPackages(folder);
    for (const [index, tree] of trees.entries()) {
      const dir = join(folder, `repository-${index}`);
      await writeRepository(dir, tree);
      await packages.link(withEveryPackage(trees), 'npm', dir);
      await runScript(dir, tree, 'typecheck').catch((error: Error) => {
        throw new Error(`${reproduce(chosen[index] as (typeof chosen)[number])}\n${error.message}`);
      });
    }
  });
});
