import { setTimeout as pause } from 'node:timers/promises';
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

/** Something that is cut off at its first word, then at its second, and so on, until it had fewer. */
class CutOffs {
  readonly at: string[] = [];
  isOver = false;

  /** Does it, cut off at the next word; without a cut when it was at each. Returns which word that was, undefined when there was none. */
  async do(work: (watch: Watch) => Promise<unknown>): Promise<string | undefined> {
    const last = this.isOver ? Infinity : this.at.length + 1;
    let words = 0;
    let at: string | undefined;
    const watch: Watch = async (step, noted) => {
      words += 1;
      if (words !== last) return;
      at = `${step}${noted ? '' : ', not noted'}`;
      await cutOffMoves(bob.test.adminUrl);
    };
    const failure = await work(watch).catch((error: Error) => error);
    if (at === undefined && failure instanceof Error) throw failure;
    if (at === undefined) this.isOver = true;
    else this.at.push(at);
    return at;
  }
}

/** Does what the state of a move asks for, until it is over or the tenant has arrived. */
async function goOn(wish: 'again' | 'undo', to: string): Promise<void> {
  for (let state = (await bob.unfinished())[0]; state !== undefined; state = (await bob.unfinished())[0]) {
    if (state === 'moved' && wish === 'again') return;
    if (state === 'confirming') await bob.confirm();
    else if (state === 'undoing' || wish === 'undo') await bob.undo();
    else await bob.move(to);
    expect(await write()).toBe('written');
  }
}

/** The next run, while somebody writes: who has to wait for the tenant does so meanwhile. */
async function nextRun(wish: 'again' | 'undo', to: string): Promise<void> {
  const writing = write();
  await Promise.race([writing, pause(50)]);
  await goOn(wish, to);
  await writing;
}

async function expectNothingLost(at: string | undefined): Promise<void> {
  expect(await bob.projects(), at).toEqual([...known].sort());
}

const ways = {
  [shared]: { move: new CutOffs(), undo: new CutOffs(), confirm: new CutOffs() },
  [own]: { move: new CutOffs(), undo: new CutOffs(), confirm: new CutOffs() },
};

/** From one place to the other, or back: what is left to be cut off is. */
async function go(from: typeof shared | typeof own, to: string): Promise<void> {
  const { move, undo, confirm } = ways[from];
  await write();
  let at = await move.do((watch) => bob.move(to, watch));
  if (at !== undefined) {
    // Every step is cut off twice: before it is noted, then it is undone, and after.
    const wish = move.at.length % 2 === 1 ? 'undo' : 'again';
    await nextRun(wish, to);
    await expectNothingLost(at);
    if (wish === 'undo') return;
  }
  await write();
  if (!undo.isOver) {
    at = await undo.do((watch) => bob.undo(watch));
    await nextRun('undo', to);
  } else {
    at = await confirm.do((watch) => bob.confirm(watch));
    await nextRun('again', to);
    if ((await bob.unfinished())[0] === 'moved') await bob.confirm();
  }
  await expectNothingLost(at);
}

describe('a move that is cut off at any of its steps', () => {
  it('is finished or undone by the next run, and leaves no trace', { timeout: 300_000 }, async () => {
    const isOver = () => Object.values(ways).every((way) => Object.values(way).every((act) => act.isOver));
    while (!isOver()) {
      await ((await bob.where()) === shared ? go(shared, own) : go(own, shared));
      expect(await bob.unfinished()).toEqual([]);
      expect(await bob.traces()).toEqual({});
    }
    for (const [from, way] of Object.entries(ways)) {
      for (const [act, { at }] of Object.entries(way)) {
        console.log(`${act} from ${from}: cut off at ${at.length} places`);
        expect(at.length, `${act} from ${from}`).toBeGreaterThanOrEqual(act === 'confirm' ? 4 : 8);
      }
    }
  });
});
