import { median } from '../harness.ts';
import { createNetwork } from '../network.ts';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';
import { createTenants, makeReady, type PlaceStrategy } from './place.ts';

const rounds = 21;
const warmUps = 2;
/** Milliseconds that a round trip to a database on another machine takes. */
const distance = 1;

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

/**
 * A place made as the application makes one, in turns with one whose statements are sent one by one: beside the server,
 * and from another machine.
 */
export async function cold(world: World, subject: PlaceStrategy, on: string): Promise<Figure[]> {
  const network = await createNetwork(world.test.adminUrl, distance);
  try {
    const away = network.through(world.test.adminUrl);
    return [
      await against(world, subject, { on, adminUrl: world.test.adminUrl }),
      await against(world, subject, { on: `${on}, ${distance} ms of network`, adminUrl: away }),
    ];
  } finally {
    network.close();
  }
}

async function against(
  world: World,
  subject: PlaceStrategy,
  { on, adminUrl }: { readonly on: string; readonly adminUrl: string },
): Promise<Figure> {
  const { whole, single, close } = await subject.makers(world, adminUrl);
  const pairs: { readonly whole: number; readonly single: number }[] = [];
  for (let round = 0; round < rounds + warmUps; round++) {
    if (round % 2 === 0) pairs.push({ whole: await whole(), single: await single() });
    else pairs.push({ single: await single(), whole: await whole() });
  }
  await close();
  const measured = pairs.slice(warmUps);
  const middle = (which: 'whole' | 'single') => median(measured.map((pair) => pair[which])).toFixed(1);
  return {
    name: `a new ${subject.kind} against its statements one by one, ${on}`,
    value: median(measured.map((pair) => pair.whole / pair.single)),
    unit: 'x',
    atMost: subject.goals.cold,
    note: `${middle('whole')} and ${middle('single')} ms`,
  };
}
