import type pg from 'pg';
import { newId } from '../../ids.ts';

/** Where a move is; db/migrations/platform/0020_moves.sql says what each means. */
export type MoveState = 'copying' | 'moved' | 'confirming' | 'undoing' | 'confirmed' | 'undone';

export interface Move {
  readonly id: string;
  readonly tenantId: string;
  readonly slug: string;
  /** Strategies. */
  readonly source: string;
  readonly target: string;
  readonly state: MoveState;
  readonly begunAt: Date;
}

/** Told of each step when it is done and not noted yet, and when it is noted. */
export type Watch = (step: string, noted: boolean) => unknown;

const columns = `move.id, tenant_id as "tenantId", slug, source, target, state, begun_at as "begunAt"`;

/** Moves that are not over, by slug. */
export async function openMoves(client: pg.ClientBase, slug?: string): Promise<Move[]> {
  const { rows } = await client.query<Move>(
    `select ${columns}
    from platform.moves as move join platform.tenants as tenant on tenant.id = tenant_id
    where state not in ('confirmed', 'undone') and ($1::text is null or slug = $1)
    order by slug`,
    [slug ?? null],
  );
  return rows;
}

/** The steps of a move, in order. */
export async function stepsOf(
  client: pg.ClientBase,
  moveId: string,
): Promise<{ readonly step: string; readonly detail: string | null; readonly at: Date }[]> {
  const { rows } = await client.query<{ step: string; detail: string | null; at: Date }>(
    'select step, detail, at from platform.move_steps where move_id = $1 order by number',
    [moveId],
  );
  return rows;
}

/** The control plane's notes of one move. */
export interface Ledger {
  readonly client: pg.Client;
  readonly move: Move;
  /** Notes that a step is done. */
  readonly note: (step: string, detail?: string) => Promise<void>;
  /** Notes where the move is now, which has to be where it was thought to be. */
  readonly advance: (from: MoveState, to: MoveState, step: string) => Promise<void>;
}

/** Begins a move. */
export async function beginMove(
  client: pg.Client,
  { tenantId, source, target }: Pick<Move, 'tenantId' | 'source' | 'target'>,
): Promise<void> {
  await client.query('insert into platform.moves (id, tenant_id, source, target) values ($1, $2, $3, $4)', [
    newId(),
    tenantId,
    source,
    target,
  ]);
}

export function openLedger(client: pg.Client, move: Move, watch: Watch): Ledger {
  const write = async (step: string, detail?: string) => {
    await client.query('insert into platform.move_steps (move_id, step, detail) values ($1, $2, $3)', [
      move.id,
      step,
      detail ?? null,
    ]);
  };
  return {
    client,
    move,
    note: async (step, detail) => {
      await watch(step, false);
      await write(step, detail);
      await watch(step, true);
    },
    advance: async (from, to, step) => {
      await watch(step, false);
      const { rowCount } = await client.query('update platform.moves set state = $3 where id = $1 and state = $2', [
        move.id,
        from,
        to,
      ]);
      if (rowCount !== 1) throw new Error(`Another run continued this move. Next: npm run tenant -- move ${move.slug}`);
      await write(step);
      await watch(step, true);
    },
  };
}

/** What the ledger says of a move now. */
export async function stateOf(client: pg.Client, moveId: string): Promise<MoveState | undefined> {
  const { rows } = await client.query<{ state: MoveState }>('select state from platform.moves where id = $1', [moveId]);
  return rows[0]?.state;
}
