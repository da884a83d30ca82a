import pg from 'pg';
import { MoveDoubt } from './doubt.ts';
import { fenceLimit, lowerFence, raiseFence, statementLimit } from './fence.ts';
import type { Ledger, MoveState } from './ledger.ts';
import { inTransaction } from '../../platform/in-transaction.ts';
import { replay } from './replay.ts';
import { advanceSequences } from './sequences.ts';
import { countRows, type MovingTable } from './tables.ts';

/** One end of a move: a place, and a connection to it as the migrator. */
export interface End {
  readonly client: pg.Client;
  readonly strategy: string;
  readonly isControlPlane: boolean;
}

const attempts = 30;
const fewChanges = 1000;

/** Brings the target up to date while the source is in use, until little is left. */
export async function catchUp(from: End, to: End, tables: readonly MovingTable[], tenantId: string): Promise<number> {
  let replayed = 0;
  for (let round = 1; ; round++) {
    const changes = await replay(from.client, to.client, tables, tenantId);
    replayed += changes;
    if (changes < fewChanges) return replayed;
    if (round === 100)
      throw new MoveDoubt('More is written than can be copied. Next: try again when there is less to do.');
  }
}

/**
 * Makes a tenant's place the other one. Writers wait meanwhile, at most two seconds: when that is not enough they are
 * let pass, and it begins again. Returns how long they waited, in milliseconds.
 */
export async function switchPlace(
  ledger: Ledger,
  from: End,
  to: End,
  tables: readonly MovingTable[],
  states: readonly [before: MoveState, after: MoveState],
): Promise<number> {
  const { client: control, move } = ledger;
  const { tenantId } = move;
  // When this connection ends, so does the fence, and nothing can be switched any more.
  const holder = from.isControlPlane ? control : from.client;
  for (let attempt = 1; ; attempt++) {
    await catchUp(from, to, tables, tenantId);
    const heldUp = await hurried([from.client, to.client], async () => {
      const raised = performance.now();
      if (!(await raiseFence(holder, tenantId))) return undefined;
      try {
        if (!(await settle(from, to, tables, { tenantId, deadline: raised + fenceLimit }))) return undefined;
        await ledger.note('fenced and compared');
        await flip(ledger, from, to, states);
        return Math.round(performance.now() - raised);
      } finally {
        await lowerFence(holder, tenantId).catch(() => {}); // A connection that is dead holds nothing.
      }
    });
    if (heldUp !== undefined) return heldUp;
    if (attempt === attempts) {
      throw new MoveDoubt(
        'Who writes could not be held up for as long as it takes. Next: try again when there is less to do.',
      );
    }
  }
}

/** Works while no statement of these connections takes longer than writers can wait; undefined when one would have. */
async function hurried<T>(clients: readonly pg.Client[], work: () => Promise<T>): Promise<T | undefined> {
  for (const client of clients) await client.query(`set statement_timeout = '${statementLimit}ms'`);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '57014') throw error;
    return undefined;
  } finally {
    // On a dead connection the first error is the one to report.
    for (const client of clients) await client.query('set statement_timeout = 0').catch(() => {});
  }
}

/** The rest of the changes, and whether both places have the same rows then. False when there was too little time. */
async function settle(
  from: End,
  to: End,
  tables: readonly MovingTable[],
  { tenantId, deadline }: { readonly tenantId: string; readonly deadline: number },
): Promise<boolean> {
  await replay(from.client, to.client, tables, tenantId);
  await advanceSequences(to.client, tables, tenantId);
  if (performance.now() > deadline) return false;
  const [before, after] = await Promise.all([
    countRows(from.client, tables, tenantId),
    countRows(to.client, tables, tenantId),
  ]);
  for (const [at, { name }] of tables.entries()) {
    if (before[at] === after[at]) continue;
    throw new MoveDoubt(`${name} has ${before[at]} rows of the tenant in one place and ${after[at]} in the other.`);
  }
  // What the copying noted at the target: from here on the notes are of what its users write.
  await to.client.query('delete from platform.move_changes where tenant_id = $1', [tenantId]);
  return true;
}

async function flip(
  ledger: Ledger,
  from: End,
  to: End,
  [before, after]: readonly [before: MoveState, after: MoveState],
): Promise<void> {
  const { client: control, move } = ledger;
  const { tenantId } = move;
  if (!from.isControlPlane) {
    // Nobody writes there from here on, whether or not the fence still stands.
    await from.client.query('update platform.departures set departed = true where tenant_id = $1', [tenantId]);
    await ledger.note('source closed');
  }
  await inTransaction(control, 'begin', async () => {
    const placed = await control.query(
      'update platform.placements set strategy = $3 where tenant_id = $1 and strategy = $2',
      [tenantId, from.strategy, to.strategy],
    );
    if (placed.rowCount !== 1) throw new MoveDoubt('The tenant is not where it was. Next: npm run tenant -- list');
    // A pool of connections is kept for a place and its generation.
    await control.query('update platform.places set generation = generation + 1 where tenant_id = $1', [tenantId]);
    await control.query('update platform.departures set departed = $2 where tenant_id = $1', [
      tenantId,
      from.isControlPlane,
    ]);
    await ledger.advance(before, after, 'switched');
  });
}
