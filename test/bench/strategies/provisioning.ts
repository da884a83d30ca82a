import { median } from '../harness.ts';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';
import { createTenants, makeReady, type PlaceStrategy } from './place.ts';

const rounds = 21;

/** A tenant that takes a place which was ready, as `npm run tenant -- create` makes it. */
export async function fromReady(world: World, subject: PlaceStrategy, tenants: Tenant[]): Promise<Figure[]> {
  await makeReady(world, 60);
  const milliseconds = (await createTenants(world, tenants, 50)).slice(10);
  return [
    {
      name: `a tenant in a ${subject.kind} that was ready`,
      value: median(milliseconds),
      unit: 'ms',
      atMost: 10,
      note: `at most ${Math.max(...milliseconds).toFixed(1)} of ${milliseconds.length}`,
    },
  ];
}

/** A place made as the application makes one, in turns with one whose statements are sent one by one. */
export async function cold(world: World, subject: PlaceStrategy, on: string): Promise<Figure[]> {
  const { whole, single } = await subject.makers(world);
  const ratios: number[] = [];
  const times = { whole: [] as number[], single: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    const first = round % 2 === 0 ? await whole() : await single();
    const second = round % 2 === 0 ? await single() : await whole();
    const [byWhole, bySingle] = round % 2 === 0 ? [first, second] : [second, first];
    if (round < 0) continue;
    times.whole.push(byWhole);
    times.single.push(bySingle);
    ratios.push(byWhole / bySingle);
  }
  return [
    {
      name: `a new ${subject.kind} against its statements one by one, ${on}`,
      value: median(ratios),
      unit: 'x',
      atMost: subject.goals.cold,
      note: `${median(times.whole).toFixed(1)} and ${median(times.single).toFixed(1)} ms`,
    },
  ];
}
