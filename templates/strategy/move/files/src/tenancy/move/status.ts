import type pg from 'pg';
import { MoveDoubt } from './doubt.ts';
import { type Move, openMoves, stepsOf } from './ledger.ts';

/** Where a tenant is, and how far a move of it has come. */
export interface MoveStatus {
  readonly slug: string;
  readonly strategy: string;
  /** Null when none is to be finished. */
  readonly move: (Pick<Move, 'source' | 'target' | 'state' | 'begunAt'> & { readonly steps: readonly Step[] }) | null;
}

type Step = Awaited<ReturnType<typeof stepsOf>>[number];

/** As the platform role, or who may do more. */
export async function moveStatus(client: pg.ClientBase, slug: string): Promise<MoveStatus> {
  const { rows } = await client.query<{ strategy: string }>(
    'select strategy from platform.placements join platform.tenants on id = tenant_id where slug = $1',
    [slug],
  );
  const [placed] = rows;
  if (placed === undefined) throw new MoveDoubt(`There is no tenant "${slug}". Next: npm run tenant -- list`);
  const [open] = await openMoves(client, slug);
  if (open === undefined) return { slug, strategy: placed.strategy, move: null };
  const { source, target, state, begunAt } = open;
  const steps = await stepsOf(client, open.id);
  return { slug, strategy: placed.strategy, move: { source, target, state, begunAt, steps } };
}
