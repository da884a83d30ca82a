import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../harness.ts';
import { createNetwork } from '../network.ts';
import { runNode } from '../programs.ts';
import type { Figure } from '../report.ts';
import type { World } from '../world.ts';
import { makeReady, type PlaceStrategy } from './place.ts';

interface Migrations {
  readonly migrate: (options: object) => Promise<readonly unknown[]>;
}

const pairs = 3;
/** Milliseconds that a round trip to a database on another machine takes. */
const distance = 1;

/** A column for two tables in every place: 8 workers in turns with one. Then a run that finds nothing to do. */
export async function migrations(world: World, subject: PlaceStrategy, on: string): Promise<Figure[]> {
  const count = subject.tenants.migrations;
  await makeReady(world, count);
  const { rows } = await world.admin.query<{ count: number }>('select count(*)::int as count from platform.places');
  const places = rows[0]?.count ?? 0;
  const network = await createNetwork(world.test.adminUrl, distance);
  const files: string[] = [];
  try {
    const { migrate } = await world.application.load<Migrations>('src/platform/migrations.ts');
    const run = async (workers: number, adminUrl: string): Promise<number> => {
      const name = `${9000 + files.length}_bench.sql`;
      const file = join(world.application.dir, 'db/migrations/tenant', name);
      files.push(file);
      const columns = ['projects', 'tasks'].map(
        (table) => `alter table ${table} add column bench_${files.length} text;`,
      );
      writeFileSync(file, `${columns.join('\n')}\n`);
      const start = performance.now();
      await migrate({ adminUrl, environment: world.administrator, workers });
      const seconds = (performance.now() - start) / 1000;
      const reached = await subject.withColumn(world, `bench_${files.length}`);
      // A run that reaches nobody would be fast. The template has it too.
      if (reached !== places + 1) throw new Error(`${reached - 1} of ${places} places were migrated`);
      return seconds;
    };
    const figures: Figure[] = [];
    for (const [where, adminUrl] of [
      [on, world.test.adminUrl],
      [`the same over ${distance} ms of network`, network.through(world.test.adminUrl)],
    ] as const) {
      const times = { 1: [] as number[], 8: [] as number[] };
      await run(8, adminUrl);
      for (let pair = 0; pair < pairs; pair++)
        for (const workers of pair % 2 === 0 ? ([1, 8] as const) : ([8, 1] as const))
          times[workers].push(await run(workers, adminUrl));
      figures.push({
        name: `migrating ${places} ${subject.kind}s, 8 workers against 1, ${where}`,
        value: median(times[1].map((seconds, pair) => seconds / (times[8][pair] as number))),
        unit: 'x',
        ...(subject.goals.workers !== undefined && { atLeast: subject.goals.workers }),
        note: `${median(times[8]).toFixed(1)} and ${median(times[1]).toFixed(1)} s`,
      });
    }
    return [...figures, await nothingToDo(world, places)];
  } finally {
    network.close();
    for (const file of files) rmSync(file);
  }
}

/** As `npm run db:migrate` runs it, from its start to its end. */
async function nothingToDo(world: World, places: number): Promise<Figure> {
  const { dir } = world.application;
  const took: number[] = [];
  for (let count = 0; count < 5; count++) {
    const { ms } = await runNode(dir, ['--import', 'tsx', 'scripts/migrate.ts'], dir, world.administrator);
    took.push(ms / 1000);
  }
  return { name: `db:migrate with nothing to do in ${places}`, value: median(took), unit: 's', atMost: 3 };
}
