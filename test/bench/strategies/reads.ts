import { backendCpu, compare, type Comparison, type Load, type Operation } from '../harness.ts';
import type { Figure } from '../report.ts';
import { connections, expectRows, rotating, type Target, type Tenant, type World } from '../world.ts';
import type { PlaceStrategy, Unisolated } from './place.ts';

const clients = 32;
const rowsEach = 20;

const selection = (schema: string) =>
  `select id, name, created_at, updated_at, version from ${schema}projects where tenant_id = $1 and id = $2`;

/** One row by its key, as a tenant and without isolation; the tenants take turns in no order. Of the numbers of tenants those that there are. */
export async function reads(world: World, subject: PlaceStrategy, all: readonly Tenant[]): Promise<Figure[]> {
  const access = await subject.unisolated(world, all);
  const counts = subject.tenants.reads.filter((count) => count <= all.length);
  const figures: Figure[] = [];
  const targets = await seed(all, access);
  for (const count of counts) {
    const some = new Set(all.slice(0, count));
    const shuffled = shuffle(targets.filter(({ tenant }) => some.has(tenant)));
    const baseline: Operation = byPool(shuffled, access);
    const database = await world.open();
    const by = (way: 'query' | 'read'): Operation => {
      const next = rotating(shuffled);
      return async () => {
        const { tenant, id } = next();
        const statement = { text: selection(subject.prefix), values: [tenant.id, id] };
        expectRows(await world.runAs(tenant, () => database[way](statement)), 1);
      };
    };
    const ways = { query: by('query'), read: by('read') };
    // Every connection has seen every tenant then, as far as it keeps them.
    for (const warm of [baseline, ways.query, ways.read]) await inTurns(warm, count * connections * 2);
    const load: Load = { clients, otherCpu: await backendCpu(world.admin) };
    for (const way of ['query', 'read'] as const) {
      const comparison = await compare(baseline, ways[way], load);
      // The goals are for tenants that a connection can keep.
      const goal = count === subject.tenants.reads[0] ? { atLeast: subject.goals[way] } : {};
      figures.push({ name: `${way}(), ${count} tenants, throughput`, ...ratio(comparison), ...goal });
    }
    await database.close();
  }
  return figures;
}

async function seed(tenants: readonly Tenant[], access: Unisolated): Promise<Target[]> {
  const targets: Target[] = [];
  for (const tenant of tenants) {
    const { pool, schema } = access(tenant);
    const { rows } = await pool.query<{ id: string }>(
      `insert into ${schema}.projects (tenant_id, id, name)
      select $1, gen_random_uuid(), 'Project ' || number from generate_series(1, $2::int) as number
      returning id`,
      [tenant.id, rowsEach],
    );
    for (const { id } of rows) targets.push({ tenant, id });
  }
  return targets;
}

/** What anybody would write without isolation who knows pg: a pool, a named statement for each place. */
function byPool(targets: readonly Target[], access: Unisolated): Operation {
  const next = rotating(targets);
  return async () => {
    const { tenant, id } = next();
    const { pool, schema, name } = access(tenant);
    expectRows(await pool.query({ name, text: selection(`${schema}.`), values: [tenant.id, id] }), 1);
  };
}

async function inTurns(operation: Operation, count: number): Promise<void> {
  let left = count;
  const client = async () => {
    while (left-- > 0) await operation();
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** The same order in every run. */
function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  let state = 1;
  for (let last = shuffled.length - 1; last > 0; last--) {
    state = (state * 48_271) % 2_147_483_647;
    const other = state % (last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
  }
  return shuffled;
}

function ratio({ throughput: value, cpu, spread, absolute }: Comparison): Pick<Figure, 'value' | 'unit' | 'note'> {
  const [low, high] = spread.map((part) => part.toFixed(2));
  const perSecond = (slot: { readonly throughput: number }) => Math.round(slot.throughput);
  return {
    value,
    unit: 'x',
    note: `half of the pairs ${low}-${high}; CPU ${cpu.toFixed(2)}x; ${perSecond(absolute.baseline)} and ${perSecond(absolute.subject)} a second`,
  };
}
