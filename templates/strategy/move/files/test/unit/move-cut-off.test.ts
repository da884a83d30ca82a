import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Watch } from '../../src/tenancy/move/ledger.ts';
import { createMovingTenants, cutOffMoves, type MovingTenants, own, shared } from './moving.ts';

let bob: MovingTenants;
let written = 0;
const known = new Set<string>();
beforeAll(async () => {
  bob = await createMovingTenants();
});
afterAll(async () => await bob.drop());

/** Writes as the application does; a tenant between two places answers that it is on its way. */
async function write(): Promise<'written' | 'moved'> {
  const name = `row ${(written += 1)}`;
  try {
    known.add(await bob.add(name));
    return 'written';
  } catch (error) {
    expect(error).toMatchObject({ code: 'moved' });
    return 'moved';
  }
}

/** Cuts a move off at its n-th word; returns which that was, undefined when it had fewer. */
async function cutOffAt(n: number, work: (watch: Watch) => Promise<unknown>): Promise<string | undefined> {
  let words = 0;
  let at: string | undefined;
  const watch: Watch = async (step, noted) => {
    words += 1;
    if (words !== n) return;
    at = `${step}${noted ? '' : ', not noted'}`;
    await cutOffMoves(bob.test.adminUrl);
  };
  const failure = await work(watch).catch((error: Error) => error);
  if (at === undefined && failure instanceof Error) throw failure;
  return at;
}

/** Brings the tenant to where it is to begin, with nothing left to do. */
async function beginAt(strategy: string): Promise<void> {
  if ((await bob.where()) === strategy) return;
  await bob.move(strategy);
  await bob.confirm();
}

/** Does what the state of a move asks for until it is over. */
async function goOn(wish: 'again' | 'undo', to: string): Promise<void> {
  for (let state = (await bob.unfinished())[0]; state !== undefined; state = (await bob.unfinished())[0]) {
    if (state === 'confirming') await bob.confirm();
    else if (state === 'undoing' || wish === 'undo') await bob.undo();
    else if (state === 'moved') await bob.confirm();
    else await bob.move(to);
    expect(await write()).toBe('written');
  }
}

describe('a move that is cut off at any of its steps', () => {
  it.each([
    ['on the way to a database of its own', 'move', shared, own],
    ['on the way to the shared tables', 'move', own, shared],
    ['on the way back to the shared tables', 'undo', shared, own],
    ['on the way back to its database', 'undo', own, shared],
    ['while its rows in the shared tables are erased', 'confirm', shared, own],
    ['while its database is erased', 'confirm', own, shared],
  ] as const)('%s is finished or undone by the next run', { timeout: 300_000 }, async (_, act, from, to) => {
    let cuts = 0;
    for (let n = 1; ; n++) {
      await beginAt(from);
      if (act !== 'move') await bob.move(to);
      await write();
      const at = await cutOffAt(n, (watch) => (act === 'move' ? bob.move(to, watch) : bob[act](watch)));
      if (at === undefined) break;
      cuts += 1;
      await write();
      // Every step is cut off twice: before it is noted, then it is undone, and after.
      await goOn(act === 'undo' || (act === 'move' && n % 2 === 1) ? 'undo' : 'again', to);
      expect(await bob.projects(), at).toEqual([...known].sort());
      expect(await bob.traces(), at).toEqual({});
    }
    await goOn('again', to);
    console.log(`cut off at ${cuts} places`);
    expect(cuts).toBeGreaterThanOrEqual(act === 'confirm' ? 4 : 8);
  });
});
