import { callsOf, callText, type Values } from '../calls.ts';
import type { DatabaseFunction } from '../catalog.ts';
import type { Settings } from '../contexts.ts';
import type { Recorder } from '../finding.ts';
import { applySettings, attemptsInside, type Outcome, run } from '../session.ts';
import type { Target } from '../target.ts';
import { aroundEmptying } from '../without-victim.ts';
import { checksum } from '../world.ts';
import { leakOf, report, saidBy } from './function-leaks.ts';

/** Of one function. */
const mostCalls = 40;

/** What a function that runs with another role's rights says where only the attacker or only the victim has rows, and what it does to those of the victim. */
export async function attackRows(target: Target, recorder: Recorder, each: DatabaseFunction): Promise<void> {
  const calls = callsOf(target, each).slice(0, mostCalls);
  // Without arguments it is asked in two worlds, with the side channels.
  if (each.argumentTypes.length > 0) await withoutVictim(target, recorder, each, calls);
  await withoutAttacker(target, recorder, each, calls);
  if (!each.volatile) return;
  await changeRows(target, recorder, each, calls);
  await callAfterVictim(target, recorder, each, calls);
}

/** What it answers must be the same when the victim has nothing: that finds counts, and whether something is there. */
async function withoutVictim(
  target: Target,
  recorder: Recorder,
  each: DatabaseFunction,
  calls: readonly Values[],
): Promise<void> {
  const attempt = attemptsInside(target.admin, target.runtime);
  const ask = async (): Promise<string[]> => {
    const answers = [];
    for (const values of calls) {
      const [outcome] = await attempt(target.contexts.own(target.world.attacker.id), callText(each, values));
      answers.push(outcome === undefined ? '' : saidBy(outcome));
    }
    return answers;
  };
  const attack = 'call the function with and without the victim';
  await aroundEmptying(target, async ({ empty, refill }) => {
    const before = await ask();
    await empty(target.world.victim);
    const after = await ask();
    recorder.check('E6', attack);
    const at = before.findIndex((answer, index) => answer !== after[index]);
    if (at < 0) return;
    await refill();
    if ((await ask())[at] !== before[at]) return; // It never says the same twice.
    const leaked = `answers ${before[at]?.slice(0, 80)} with the victim's rows and ${after[at]?.slice(0, 80)} without`;
    report(target, recorder, each, callText(each, calls[at] ?? []), leaked, attack);
  });
}

/** What answers with one row only shows the attacker's own as long as there are any. */
async function withoutAttacker(
  target: Target,
  recorder: Recorder,
  each: DatabaseFunction,
  calls: readonly Values[],
): Promise<void> {
  const { attacker, bystander, moved, shut } = target.world;
  const others = [attacker, bystander, ...shut, moved?.attacker, moved?.victim, moved?.bystander];
  const attempt = attemptsInside(target.admin, target.runtime);
  const attack = 'call the function where only the victim has rows';
  await aroundEmptying(target, async ({ empty }) => {
    for (const tenant of others) if (tenant !== undefined) await empty(tenant);
    recorder.check('E6', attack);
    for (const values of calls) {
      const text = callText(each, values);
      const [outcome] = await attempt(target.contexts.own(attacker.id), text);
      const leak = outcome && leakOf(target, outcome, values);
      if (leak === undefined) continue;
      report(target, recorder, each, text, `shows ${leak}`, attack);
      return;
    }
  });
}

/** What it does may be nothing that it answers. */
async function changeRows(
  target: Target,
  recorder: Recorder,
  each: DatabaseFunction,
  calls: readonly Values[],
): Promise<void> {
  const { admin, catalog, contexts, world } = target;
  const own = contexts.own(world.attacker.id);
  const attack = "call the function, and look at the victim's rows";
  await aroundEmptying(target, async () => {
    const before = await checksum(admin, catalog, world.victim.id);
    recorder.check('E6', attack);
    for (const values of calls) {
      const text = callText(each, values);
      const after = await inTurn(target, [[own, text]], async () => await checksum(admin, catalog, world.victim.id));
      const changed = [...before].find(([table, hash]) => after !== undefined && after.get(table) !== hash);
      if (changed === undefined) continue;
      report(target, recorder, each, text, `changes the victim's rows of ${changed[0]}`, attack);
      return;
    }
  });
}

/** Numbers that all tenants count on, and places that one of them takes, tell what the others do. */
async function callAfterVictim(
  target: Target,
  recorder: Recorder,
  each: DatabaseFunction,
  calls: readonly Values[],
): Promise<void> {
  const { contexts, world } = target;
  const attack = 'call the function, and again after the victim called it';
  await aroundEmptying(target, async () => {
    recorder.check('E6', attack);
    for (const values of calls) {
      const text = callText(each, values);
      const own = [contexts.own(world.attacker.id), text] as const;
      const victims = [contexts.own(world.victim.id), text] as const;
      const ask = async (...before: (typeof own)[]) =>
        await inTurn(target, [...before, own], async (outcome) => JSON.stringify(outcome.rows));
      const [alone, after] = [await ask(), await ask(victims)];
      if (alone === undefined || after === undefined || alone === after || alone !== (await ask())) continue;
      const leaked = `answers ${after.slice(0, 80)} after the victim called it and ${alone.slice(0, 80)} else`;
      report(target, recorder, each, text, leaked, attack);
      return;
    }
  });
}

/** Runs statements as the runtime role, each with its settings, looks as the administrator at what the last one did, and undoes them; undefined when one fails. */
async function inTurn<T>(
  { admin, runtime }: Target,
  statements: readonly (readonly [settings: Settings, text: string])[],
  look: (last: Outcome) => Promise<T>,
): Promise<T | undefined> {
  await admin.query('savepoint turn');
  try {
    await admin.query(runtime.become);
    let last: Outcome | undefined;
    for (const [settings, text] of statements) {
      await applySettings(admin, [...settings, ...runtime.first([text])]);
      last = await run(admin, text);
      if (last.error !== undefined) return undefined;
    }
    await admin.query(runtime.leave);
    return last && (await look(last));
  } finally {
    await admin.query('rollback to savepoint turn; release savepoint turn');
  }
}
